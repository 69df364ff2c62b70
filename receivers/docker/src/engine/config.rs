//! Where the engine is, and within which limits it is read.

use std::path::PathBuf;
use std::time::Duration;

use gastrolog_follow::Start;
use gastrolog_ingest::ReceiverError;

/// Configuration of the receiver.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// The socket of the engine.
    pub socket: PathBuf,
    /// Where bookmarks are kept; its folder must exist.
    pub state_file: PathBuf,
    /// Where to begin, at the very first start, with containers that are there.
    pub from: Start,
    /// Longer lines are several records.
    pub line_bytes_max: usize,
    /// How often all containers are listed, beside the events that tell of new ones.
    pub list_every: Duration,
    /// Containers that are followed at once.
    pub containers_max: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        EngineConfig {
            name: "docker".into(),
            socket: "/var/run/docker.sock".into(),
            state_file: PathBuf::new(),
            from: Start::Beginning,
            line_bytes_max: 1 << 20,
            list_every: Duration::from_secs(30),
            containers_max: 1024,
        }
    }
}

impl EngineConfig {
    pub(crate) fn check(&self) -> Result<(), ReceiverError> {
        let wrong = |what: &str| Err(ReceiverError::Config(format!("receiver {}: {what}", self.name)));
        if self.state_file.as_os_str().is_empty() {
            return wrong("no state file is given");
        }
        if self.line_bytes_max == 0 || self.containers_max == 0 {
            return wrong("limits must not be 0");
        }
        Ok(())
    }
}
