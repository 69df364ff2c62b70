//! Takes secrets out of records: values of fields, and what looks like a card number, an address, a key.
//!
//! **Invariants:** no byte outside of what is taken out changes. Afterwards no pattern matches any more, however what is
//! left stands together.

mod card;
mod fields;
mod net;
mod pattern;
mod rule;

pub use pattern::Pattern;
pub use rule::{Action, RedactConfig, Redactor};

use gastrolog_types::Attributes;

/// `attributes` with one more, or with another value for it.
pub(crate) fn with_pair(attributes: &Attributes, name: &str, value: &[u8]) -> Attributes {
    let others = attributes.iter().filter(|(n, _)| *n != name);
    Attributes::new(others.chain([(name, value)]))
}
