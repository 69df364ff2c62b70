//! gastrolog-ingest.
