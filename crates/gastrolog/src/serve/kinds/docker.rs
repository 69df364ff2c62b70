//! `kind = "docker"`.

use std::path::{Path, PathBuf};

use anyhow::bail;
use gastrolog_receiver_docker::{DockerFiles, EngineConfig, EngineReceiver, file_globs};
use serde::Deserialize;

use super::super::binding::Binding;
use super::Kind;
use super::files::{self, From};

/// Where Docker keeps what its json-file driver writes.
const FOLDER: &str = "/var/lib/docker/containers";

/// Logs of Docker's containers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DockerKeys {
    /// The `receiver` attribute of its records; left out: `docker`.
    name: Option<String>,
    /// Where records go; left out: `default`.
    store: Option<String>,
    /// The folder of the containers; their files are read.
    folder: Option<PathBuf>,
    /// The socket of the engine; it is asked for the logs.
    socket: Option<PathBuf>,
    /// Where a file that is met for the first time is read from.
    #[serde(default)]
    from: From,
}

impl DockerKeys {
    fn globs(&self) -> Vec<String> {
        file_globs(self.folder.as_deref().unwrap_or(Path::new(FOLDER)))
    }

    fn bind_engine(&self, name: String, socket: &Path, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let config = EngineConfig {
            state_file: binding.state_file(&name)?,
            name,
            socket: socket.to_owned(),
            from: self.from.start(),
            ..EngineConfig::default()
        };
        let receiver = EngineReceiver::new(config, binding.sink(self.store.as_deref())?, binding.clock())?;
        binding.say(format!("docker unix://{}", socket.display()));
        binding.add(receiver);
        Ok(())
    }
}

impl Kind for DockerKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.socket.is_some() && self.folder.is_some() {
            bail!(
                "a docker receiver has `folder` (it reads files) or `socket` (it asks the engine), not both"
            );
        }
        files::check(&self.globs())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        if let Some(socket) = &self.socket {
            return self.bind_engine(name, socket, binding);
        }
        let globs = self.globs();
        let config = files::config(name, &globs, self.from, binding)?;
        let sink = binding.sink(self.store.as_deref())?;
        let receiver = DockerFiles::follow(config, sink, binding.clock())?;
        binding.say(format!("docker {}", globs.first().map_or("", String::as_str)));
        binding.add(receiver);
        Ok(())
    }
}
