//! `kind = "chatterbox"`.

use anyhow::{Context, bail};
use gastrolog_receiver_chatterbox::{ChatterboxConfig, ChatterboxReceiver, Format};
use serde::Deserialize;

use super::super::binding::Binding;
use super::Kind;

/// Made-up records, for tests.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChatterboxKeys {
    /// The `receiver` attribute of its records; left out: `chatterbox`.
    name: Option<String>,
    /// Where records go; left out: `default`.
    store: Option<String>,
    /// Records a second.
    rate: Option<u64>,
    /// What the records are made from; names the run.
    seed: Option<u64>,
    /// Formats, in turn; left out: all.
    formats: Option<Vec<String>>,
    /// How many records; left out: without end.
    count: Option<u64>,
}

impl Kind for ChatterboxKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        self.formats().map(|_| ())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let mut config = ChatterboxConfig { name, count: self.count, ..ChatterboxConfig::default() };
        config.rate = self.rate.unwrap_or(config.rate);
        config.seed = self.seed.unwrap_or(config.seed);
        config.formats = self.formats()?.unwrap_or(config.formats);
        binding.say(format!("chatterbox seed={} rate={}", config.seed, config.rate));
        binding.add(ChatterboxReceiver::new(config, binding.sink(self.store.as_deref())?, binding.clock())?);
        Ok(())
    }
}

impl ChatterboxKeys {
    fn formats(&self) -> anyhow::Result<Option<Vec<Format>>> {
        let Some(names) = &self.formats else { return Ok(None) };
        let known = || Format::ALL.map(Format::name).join(" ");
        let one = |name: &String| {
            Format::named(name).with_context(|| format!("there is no format {name:?}; there are {}", known()))
        };
        let formats: Vec<Format> = names.iter().map(one).collect::<Result<_, _>>()?;
        if formats.is_empty() {
            bail!("`formats` of a chatterbox receiver is empty");
        }
        Ok(Some(formats))
    }
}
