//! `kind = "kubernetes"`.

use gastrolog_receiver_kubernetes::{FILES, KubernetesFiles};
use serde::Deserialize;

use super::super::binding::Binding;
use super::Kind;
use super::files::{FileKeys, From, Lines};

/// Logs of the containers of a Kubernetes node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KubernetesKeys {
    /// The `receiver` attribute of its records; left out: `kubernetes`.
    name: Option<String>,
    /// Where records go; left out: `default`.
    store: Option<String>,
    /// Which files.
    globs: Option<Vec<String>>,
    /// Where a file that is met for the first time is read from.
    #[serde(default)]
    from: From,
    /// Lines that belong together.
    multiline: Option<Lines>,
}

impl KubernetesKeys {
    fn globs(&self) -> Vec<String> {
        self.globs.clone().unwrap_or_else(|| FILES.map(str::to_owned).to_vec())
    }

    fn files(&self) -> FileKeys {
        FileKeys { from: self.from, multiline: self.multiline.clone() }
    }
}

impl Kind for KubernetesKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        self.files().check(&self.globs())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let globs = self.globs();
        let config = self.files().config(name, &globs, binding)?;
        let sink = binding.sink(self.store.as_deref());
        let receiver = KubernetesFiles.follow(config, sink, binding.clock())?;
        binding.say(format!("kubernetes {}", globs.join(" ")));
        binding.add(receiver);
        Ok(())
    }
}
