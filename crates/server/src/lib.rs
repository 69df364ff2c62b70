//! gastrolog-server.
