//! gastrolog-engine.
