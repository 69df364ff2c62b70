//! `kind = "tail"`.

use gastrolog_receiver_tail::TailReceiver;
use serde::Deserialize;

use super::super::binding::Binding;
use super::Kind;
use super::files::{self, From};

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

impl Kind for TailKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        files::check(&self.globs)
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let config = files::config(name, &self.globs, self.from, binding)?;
        let tail = TailReceiver::new(config, binding.sink(self.store.as_deref())?, binding.clock())?;
        self.globs.iter().for_each(|glob| binding.say(format!("tail {glob}")));
        binding.add(tail);
        Ok(())
    }
}
