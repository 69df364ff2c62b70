//! Limits of the receiver.

use gastrolog_net::web::WebLimits;

/// What a request may be.
#[derive(Clone, Debug)]
pub struct ElasticConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Bodies and what they may hold.
    pub web: WebLimits,
    /// Actions of a request; each has a line in the answer.
    pub actions_max: usize,
}

impl Default for ElasticConfig {
    fn default() -> Self {
        ElasticConfig { name: "elastic".into(), web: WebLimits::default(), actions_max: 250_000 }
    }
}
