//! gastrolog-indexer-token.
