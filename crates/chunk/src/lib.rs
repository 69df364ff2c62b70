//! gastrolog-chunk.
