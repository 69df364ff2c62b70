//! `POST /ingest` on the port of the API.

use gastrolog_receiver_http::{HttpConfig, HttpIngest};

use super::super::binding::Binding;

pub(super) fn on_api(binding: &mut Binding<'_>) {
    binding.begin("http");
    let ingest = HttpIngest::new(HttpConfig::default(), binding.sinks(), binding.clock());
    binding.add_routes("http", "http", ingest.router(), ingest.counters());
}
