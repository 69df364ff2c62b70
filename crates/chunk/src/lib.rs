//! gastrolog-chunk.

pub mod wal;
