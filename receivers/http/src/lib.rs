//! gastrolog-receiver-http.
