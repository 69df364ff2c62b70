//! gastrolog-env.
