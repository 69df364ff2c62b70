//! What happens to records between a receiver and the stores: rules of routing, and processing that groups, drops,
//! samples, limits, redacts and shortens. All of it is a [`gastrolog_ingest::Sink`] in front of others.
//!
//! **Invariants:** every record of a batch is stored or dropped for one reason, and counted so. A batch that is tried
//! again because a store was away meets the same decisions. What is redacted is in no batch that is handed on.

mod condition;
mod draft;
mod error;
mod fates;
mod limits;
mod multiline;
mod parts;
mod process;
mod rate;
pub mod redact;
mod remember;
mod route;
mod sample;
mod scrub;
mod sink;
mod tail;
#[cfg(test)]
mod tests;
mod view;

pub use condition::Condition;
pub use error::ProcessError;
pub use limits::Limits;
pub use process::{Process, ProcessConfig};
pub use rate::{Cut, RateConfig, RateLimit};
pub use route::{Rest, Router, Rule, RuleConfig};
pub use sample::{ERRORS, SampleConfig};
pub use scrub::Scrubber;
pub use sink::ProcessSink;
pub use tail::TailConfig;
