//! What receivers that read files have in common in the configuration.

use anyhow::{Context, bail};
use gastrolog_follow::{FollowConfig, Start};
use gastrolog_ingest::multiline::{Multiline, MultilineConfig, MultilineRule};
use serde::Deserialize;

use super::super::binding::Binding;

/// Where a new file is read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum From {
    /// From its first line.
    #[default]
    Start,
    /// From what is written after.
    End,
}

/// Which lines are one record: `"java"`, `"python"`, `"go"`, `{ start = "REGEX" }` or `{ continue = "REGEX" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Lines {
    Java,
    Python,
    Go,
    Start(String),
    Continue(String),
}

/// The part of a configuration that all of them have.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileKeys {
    /// Where a file that is met for the first time is read from.
    pub(crate) from: From,
    /// Lines that belong together.
    pub(crate) multiline: Option<Lines>,
}

impl From {
    pub(crate) fn start(self) -> Start {
        match self {
            From::Start => Start::Beginning,
            From::End => Start::End,
        }
    }
}

impl Lines {
    fn rule(&self) -> MultilineRule {
        match self.clone() {
            Lines::Java => MultilineRule::Java,
            Lines::Python => MultilineRule::Python,
            Lines::Go => MultilineRule::Go,
            Lines::Start(regex) => MultilineRule::Start(regex),
            Lines::Continue(regex) => MultilineRule::Continue(regex),
        }
    }

    fn compiled(&self) -> anyhow::Result<Multiline> {
        Multiline::new(MultilineConfig::new(self.rule())).context("multiline")
    }
}

impl FileKeys {
    pub(crate) fn check(&self, globs: &[String]) -> anyhow::Result<()> {
        if globs.is_empty() {
            bail!("a receiver of files needs `globs`");
        }
        self.multiline.as_ref().map(Lines::compiled).transpose().map(|_| ())
    }

    /// The follower's configuration.
    pub(crate) fn config(
        &self,
        name: String,
        globs: &[String],
        binding: &Binding<'_>,
    ) -> anyhow::Result<FollowConfig> {
        Ok(FollowConfig {
            state_file: binding.state_file(&name)?,
            name,
            globs: globs.to_vec(),
            from: self.from.start(),
            multiline: self.multiline.as_ref().map(Lines::compiled).transpose()?,
            ..FollowConfig::default()
        })
    }
}
