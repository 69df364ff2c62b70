//! gastrolog-indexer-syslog.
