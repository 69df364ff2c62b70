//! The keys of `[process.NAME]`, `[[routes]]` and `[routing]`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use gastrolog_ingest::multiline::{MultilineConfig, MultilineRule};
use gastrolog_process::redact::{Action, RedactConfig};
use gastrolog_process::{Limits, ProcessConfig, RateConfig, Rest, SampleConfig, TailConfig};
use serde::Deserialize;

use super::super::config::{bytes, span};

/// What is done with the records of a receiver, or of a route that names it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProcessKeys {
    multiline: Option<MultilineKeys>,
    drop: Vec<String>,
    sample: Vec<SampleKeys>,
    rate_limit: Option<RateKeys>,
    tail_sample: Option<TailKeys>,
    redact: Vec<RedactKeys>,
    #[serde(deserialize_with = "bytes")]
    record_bytes_max: Option<u64>,
    fields_max: Option<usize>,
}

/// A rule by its name, or one's own.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum MultilineKeys {
    Named(Language),
    Own(OwnMultiline),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Language {
    Java,
    Python,
    Go,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OwnMultiline {
    language: Option<Language>,
    start: Option<String>,
    #[serde(rename = "continue")]
    continued: Option<String>,
    #[serde(deserialize_with = "bytes")]
    bytes_max: Option<u64>,
    lines_max: Option<usize>,
    #[serde(deserialize_with = "span")]
    wait: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleKeys {
    when: Option<String>,
    rate: f64,
    by: Option<String>,
    keep: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct TailKeys {
    when: Option<String>,
    by: Option<String>,
    rate: f64,
    keep: Option<String>,
    #[serde(default, deserialize_with = "span")]
    wait: Option<Duration>,
    traces_max: Option<usize>,
    #[serde(default, deserialize_with = "bytes")]
    bytes_max: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RateKeys {
    #[serde(default = "peer")]
    per: String,
    records_per_second: f64,
    burst: Option<f64>,
}

fn peer() -> String {
    "peer".to_owned()
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RedactKeys {
    fields: Vec<String>,
    patterns: Vec<String>,
    action: ActionKey,
    with: Option<String>,
    salt: Option<String>,
    salt_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ActionKey {
    #[default]
    Replace,
    Hash,
    Remove,
}

/// Which records go to which stores.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteKeys {
    pub(super) name: Option<String>,
    #[serde(default = "all")]
    pub(super) when: String,
    pub(super) stores: Vec<String>,
    #[serde(default, rename = "continue")]
    pub(super) goes_on: bool,
    pub(super) process: Option<String>,
}

fn all() -> String {
    "*".to_owned()
}

/// What becomes of records that no route keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RoutingKeys {
    rest: RestKey,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RestKey {
    #[default]
    Receiver,
    Drop,
}

impl RoutingKeys {
    pub(super) fn rest(&self) -> Rest {
        match self.rest {
            RestKey::Receiver => Rest::Own,
            RestKey::Drop => Rest::Drop,
        }
    }
}

impl ProcessKeys {
    pub(super) fn config(&self) -> anyhow::Result<ProcessConfig> {
        let sample = |s: &SampleKeys| SampleConfig {
            when: s.when.clone(),
            rate: s.rate,
            by: s.by.clone(),
            keep: s.keep.clone(),
        };
        let rate = |r: &RateKeys| RateConfig {
            per: r.per.clone(),
            records_per_second: r.records_per_second,
            // What comes in a second may come at once.
            burst: r.burst.unwrap_or(r.records_per_second.max(1.0)),
        };
        Ok(ProcessConfig {
            multiline: self.multiline.as_ref().map(MultilineKeys::config).transpose()?,
            drop: self.drop.clone(),
            sample: self.sample.iter().map(sample).collect(),
            rate_limit: self.rate_limit.as_ref().map(rate),
            tail_sample: self.tail_sample.as_ref().map(TailKeys::config).transpose()?,
            redact: self.redact.iter().map(RedactKeys::config).collect::<anyhow::Result<_>>()?,
            limits: Limits {
                record_bytes_max: self.record_bytes_max.map(usize::try_from).transpose()?,
                fields_max: self.fields_max,
            },
        })
    }
}

impl TailKeys {
    fn config(&self) -> anyhow::Result<TailConfig> {
        let default = TailConfig::default();
        Ok(TailConfig {
            when: self.when.clone(),
            by: self.by.clone().unwrap_or(default.by),
            rate: self.rate,
            keep: self.keep.clone(),
            wait: self.wait.unwrap_or(default.wait),
            traces_max: self.traces_max.unwrap_or(default.traces_max),
            bytes_max: self.bytes_max.map(usize::try_from).transpose()?.unwrap_or(default.bytes_max),
        })
    }
}

impl Language {
    fn rule(self) -> MultilineRule {
        match self {
            Language::Java => MultilineRule::Java,
            Language::Python => MultilineRule::Python,
            Language::Go => MultilineRule::Go,
        }
    }
}

impl MultilineKeys {
    fn config(&self) -> anyhow::Result<MultilineConfig> {
        let own = match self {
            MultilineKeys::Named(language) => return Ok(MultilineConfig::new(language.rule())),
            MultilineKeys::Own(own) => own,
        };
        let rule = match (own.language, &own.start, &own.continued) {
            (Some(language), None, None) => language.rule(),
            (None, Some(start), None) => MultilineRule::Start(start.clone()),
            (None, None, Some(continued)) => MultilineRule::Continue(continued.clone()),
            _ => bail!("`multiline` has one of `language`, `start` and `continue`"),
        };
        let default = MultilineConfig::new(rule);
        Ok(MultilineConfig {
            bytes_max: own.bytes_max.map(usize::try_from).transpose()?.unwrap_or(default.bytes_max),
            lines_max: own.lines_max.unwrap_or(default.lines_max),
            wait: own.wait.unwrap_or(default.wait),
            ..default
        })
    }
}

impl RedactKeys {
    fn config(&self) -> anyhow::Result<RedactConfig> {
        let action = match (self.action, &self.with, &self.salt, &self.salt_file) {
            (ActionKey::Replace, None, None, None) => Action::default(),
            (ActionKey::Replace, Some(with), None, None) => Action::Replace(with.clone()),
            (ActionKey::Remove, None, None, None) => Action::Remove,
            (ActionKey::Hash, None, Some(salt), None) => Action::Hash(salt.clone().into_bytes()),
            (ActionKey::Hash, None, None, Some(file)) => {
                let salt = std::fs::read(file).with_context(|| file.display().to_string())?;
                Action::Hash(salt.trim_ascii().to_vec())
            }
            _ => bail!("`with` is for `replace`; `hash` needs `salt` or `salt_file`, which are for it alone"),
        };
        Ok(RedactConfig { fields: self.fields.clone(), patterns: self.patterns.clone(), action })
    }
}
