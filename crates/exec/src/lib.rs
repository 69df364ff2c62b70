//! gastrolog-exec.
