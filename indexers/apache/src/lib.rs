//! gastrolog-indexer-apache.
