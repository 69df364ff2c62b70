//! gastrolog-receiver-syslog.
