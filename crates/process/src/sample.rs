//! Sampling: a share of the records is kept, always the same ones.

use rapidhash::v3::rapidhash_v3;

use crate::view::View;
use crate::{Condition, ProcessError};

/// What counts as an error, and is kept whatever the share. The words are looked for in the whole text; levels as numbers are
/// those of syslog and GELF (0 to 3), of pino and bunyan (50 and more), and of OTLP (17 and more).
pub const ERRORS: &str = "error OR err OR exception OR fatal OR panic OR critical OR crit OR severe OR alert OR emerg \
    OR level=/(?i)^(err|fatal|panic|crit|severe|alert|emerg)/ OR severity=/(?i)^(err|fatal|panic|crit|severe|alert|emerg)/ \
    OR status>=500 OR level<=3 OR level>=50 OR severity<=3 OR severity_number>=17";

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

/// The share that is kept, and what is kept whatever the share.
#[derive(Debug)]
pub(crate) struct Share {
    /// Hashes below it are kept.
    below: u128,
    keep: Vec<Condition>,
}

impl Share {
    pub(crate) fn new(rate: f64, keep: Option<&str>) -> Result<Share, ProcessError> {
        if !(0.0..=1.0).contains(&rate) {
            return Err(ProcessError::Config(format!("the rate {rate} of sampling is not between 0 and 1")));
        }
        let keep = [Some(ERRORS), keep].into_iter().flatten().map(Condition::new);
        Ok(Share { below: (rate * 2f64.powi(64)) as u128, keep: keep.collect::<Result<_, _>>()? })
    }

    /// Whether what has this hash is in the share.
    pub(crate) fn has(&self, hash: u64) -> bool {
        u128::from(hash) < self.below
    }

    /// Whether the record is kept whatever the share.
    pub(crate) fn is_kept_always(&self, record: &View<'_>) -> bool {
        self.keep.iter().any(|keep| keep.holds(record))
    }
}

/// A rule of sampling, ready to use.
#[derive(Debug)]
pub(crate) struct Sample {
    when: Option<Condition>,
    by: Option<String>,
    share: Share,
}

impl Sample {
    pub(crate) fn new(config: &SampleConfig) -> Result<Sample, ProcessError> {
        let SampleConfig { when, rate, by, keep } = config;
        Ok(Sample {
            when: when.as_deref().map(Condition::new).transpose()?,
            by: by.clone(),
            share: Share::new(*rate, keep.as_deref())?,
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
        self.share.has(hash) || self.share.is_kept_always(record)
    }
}
