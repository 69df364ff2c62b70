//! gastrolog-indexer-json.
