//! What receivers that read files have in common in the configuration.

use anyhow::{Context, bail};
use gastrolog_follow::{FollowConfig, Start};
use gastrolog_ingest::multiline::Multiline;
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

impl From {
    pub(crate) fn start(self) -> Start {
        match self {
            From::Start => Start::Beginning,
            From::End => Start::End,
        }
    }
}

pub(crate) fn check(globs: &[String]) -> anyhow::Result<()> {
    if globs.is_empty() {
        bail!("a receiver of files needs `globs`");
    }
    Ok(())
}

/// The follower's configuration. To be asked for before the sink: lines are grouped by the follower, which keeps its
/// bookmark in front of a group that is open.
pub(crate) fn config(
    name: String,
    globs: &[String],
    from: From,
    binding: &mut Binding<'_>,
) -> anyhow::Result<FollowConfig> {
    let multiline = binding.multiline().map(Multiline::new).transpose();
    let multiline = multiline.with_context(|| format!("process.{name}: multiline"))?;
    let state_file = binding.state_file(&name)?;
    let (globs, from) = (globs.to_vec(), from.start());
    Ok(FollowConfig { name, globs, state_file, from, multiline, ..FollowConfig::default() })
}
