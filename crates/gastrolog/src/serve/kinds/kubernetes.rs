//! `kind = "kubernetes"`.

use std::path::PathBuf;

use gastrolog_receiver_kubernetes::{ApiConfig, FILES, KubernetesFiles};
use serde::Deserialize;

use super::super::binding::Binding;
use super::Kind;
use super::files::{self, From};

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
    /// The API server that is asked for pods; left out: that of the cluster, inside of one.
    api: Option<Api>,
}

/// `api = false`, or `api = { url = "https://…", token = "FILE", ca = "FILE" }`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Api {
    Switch(bool),
    At(Server),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    url: String,
    token: PathBuf,
    ca: PathBuf,
}

impl KubernetesKeys {
    fn globs(&self) -> Vec<String> {
        self.globs.clone().unwrap_or_else(|| FILES.map(str::to_owned).to_vec())
    }

    /// Which server is asked, if any.
    fn api(&self) -> anyhow::Result<Option<ApiConfig>> {
        match &self.api {
            Some(Api::Switch(false)) => Ok(None),
            Some(Api::At(Server { url, token, ca })) => {
                let at = ApiConfig::of_url(url)?;
                Ok(Some(ApiConfig { token: token.clone(), ca: ca.clone(), ..at }))
            }
            None | Some(Api::Switch(true)) => Ok(ApiConfig::in_cluster(|name| std::env::var(name).ok())),
        }
    }
}

impl Kind for KubernetesKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        self.api()?;
        files::check(&self.globs())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let globs = self.globs();
        let config = files::config(name, &globs, self.from, binding)?;
        let sink = binding.sink(self.store.as_deref())?;
        let format = match self.api()? {
            Some(api) => KubernetesFiles::with_api(api)?,
            None => KubernetesFiles::default(),
        };
        let receiver = format.follow(config, sink, binding.clock())?;
        globs.iter().for_each(|glob| binding.say(format!("kubernetes {glob}")));
        binding.add(receiver);
        Ok(())
    }
}
