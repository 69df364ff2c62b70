//! gastrolog-indexer-logfmt.
