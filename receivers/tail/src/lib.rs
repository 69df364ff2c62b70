//! gastrolog-receiver-tail.
