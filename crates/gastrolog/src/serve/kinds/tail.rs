//! `kind = "tail"`.

use anyhow::bail;
use gastrolog_receiver_tail::{Start, TailConfig, TailReceiver};
use serde::Deserialize;

use super::super::binding::Binding;
use super::Kind;

/// Files that are followed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TailKeys {
    /// The `receiver` attribute of its records; left out: `tail`.
    pub(crate) name: Option<String>,
    /// Where records go; left out: `default`.
    pub(crate) store: Option<String>,
    /// Which files.
    pub(crate) globs: Vec<String>,
    /// Where a file that is met for the first time is read from.
    #[serde(default)]
    pub(crate) from: From,
}

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

impl Kind for TailKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.globs.is_empty() {
            bail!("a tail receiver needs `globs`");
        }
        Ok(())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let from = match self.from {
            From::Start => Start::Beginning,
            From::End => Start::End,
        };
        let state_file = binding.state_file(&name)?;
        let tail = TailConfig { name, globs: self.globs.clone(), state_file, from, ..TailConfig::default() };
        let tail = TailReceiver::new(tail, binding.sink(self.store.as_deref()), binding.clock())?;
        binding.say(format!("tail {}", self.globs.join(" ")));
        binding.add(tail);
        Ok(())
    }
}
