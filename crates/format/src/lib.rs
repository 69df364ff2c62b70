//! gastrolog-format.
