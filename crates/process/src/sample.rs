//! Sampling: a share of the records is kept, always the same ones.

use rapidhash::v3::rapidhash_v3;

use crate::view::View;
use crate::{Condition, ProcessError};

/// What counts as an error, and is kept whatever the share. The words are looked for in the whole text; levels as numbers are
/// those of syslog and GELF (0 to 3) and of pino and bunyan (50 and more).
pub const ERRORS: &str = "error OR err OR exception OR fatal OR panic OR critical OR crit OR severe OR alert OR emerg \
    OR level=/(?i)^(err|fatal|panic|crit|severe|alert|emerg)/ OR severity=/(?i)^(err|fatal|panic|crit|severe|alert|emerg)/ \
    OR status>=500 OR level<=3 OR level>=50 OR severity<=3";

/// A rule of sampling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampleConfig {
    /// Which records it is about; none: all.
    pub when: Option<String>,
    /// The share that is kept, 0 to 1.
    pub rate: f64,
    /// Records with the same value of this field are kept or left out together; those without it go by their text.
    pub by: Option<String>,
    /// Kept whatever the share, beside [`ERRORS`].
    pub keep: Option<String>,
}

/// A rule of sampling, ready to use.
#[derive(Debug)]
pub(crate) struct Sample {
    when: Option<Condition>,
    /// Hashes below it are kept.
    below: u128,
    by: Option<String>,
    keep: Vec<Condition>,
}

impl Sample {
    pub(crate) fn new(config: &SampleConfig) -> Result<Sample, ProcessError> {
        let SampleConfig { when, rate, by, keep } = config;
        if !(0.0..=1.0).contains(rate) {
            return Err(ProcessError::Config(format!("the rate {rate} of sampling is not between 0 and 1")));
        }
        let mut kept = vec![Condition::new(ERRORS)?];
        if let Some(keep) = keep {
            kept.push(Condition::new(keep)?);
        }
        Ok(Sample {
            when: when.as_deref().map(Condition::new).transpose()?,
            below: (rate * 2f64.powi(64)) as u128,
            by: by.clone(),
            keep: kept,
        })
    }

    /// Whether the rule is about this record.
    pub(crate) fn is_about(&self, record: &View<'_>) -> bool {
        self.when.as_ref().is_none_or(|when| when.holds(record))
    }

    /// Whether the record is kept.
    pub(crate) fn keeps(&self, record: &View<'_>, text: &[u8]) -> bool {
        let value = self.by.as_deref().and_then(|field| record.value_of(field));
        let hash = rapidhash_v3(value.as_deref().unwrap_or(text));
        // The hash first: it is cheaper than the conditions.
        u128::from(hash) < self.below || self.keep.iter().any(|keep| keep.holds(record))
    }
}
