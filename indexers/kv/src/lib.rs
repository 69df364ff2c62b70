//! gastrolog-indexer-kv.
