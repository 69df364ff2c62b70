//! Limits of the receiver.

use gastrolog_net::web::WebLimits;

/// What a request may be.
#[derive(Clone, Debug)]
pub struct OtlpConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Bodies and what they may hold.
    pub web: WebLimits,
    /// Bytes that the lines of a request may have together; each repeats its resource.
    pub text_bytes_max: usize,
    /// Log records of a request.
    pub records_max: usize,
}

impl Default for OtlpConfig {
    fn default() -> Self {
        OtlpConfig {
            name: "otlp".into(),
            web: WebLimits::default(),
            text_bytes_max: 192 << 20,
            records_max: 1 << 20,
        }
    }
}
