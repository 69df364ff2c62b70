//! Limits of the receiver.

use gastrolog_net::web::WebLimits;

/// What a request may be.
#[derive(Clone, Debug)]
pub struct LokiConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Bodies and what they may hold.
    pub web: WebLimits,
    /// Lines of a request.
    pub records_max: usize,
    /// Bytes of all labels and metadata of a request; the labels of a stream count again for each line that has
    /// metadata.
    pub attribute_bytes_max: usize,
}

impl Default for LokiConfig {
    fn default() -> Self {
        LokiConfig {
            name: "loki".into(),
            web: WebLimits::default(),
            records_max: 1 << 20,
            attribute_bytes_max: 256 << 20,
        }
    }
}
