//! What is known of a container beside its lines.

use std::collections::BTreeMap;
use std::path::Path;

use gastrolog_follow::Pairs;
use serde::Deserialize;

/// Labels, or attributes of a line, that are kept.
pub(crate) const PAIRS_MAX: usize = 64;
/// Of the value of one.
const VALUE_BYTES_MAX: usize = 1024;
/// Of the name of a label or an attribute; one with a longer name is left out.
pub(crate) const NAME_BYTES_MAX: usize = 256;
/// A larger file was not written by Docker.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// As Docker writes it beside the log, and as its engine tells it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Container {
    #[serde(default, rename = "Name")]
    name: String,
    #[serde(default, rename = "Config")]
    config: Config,
    #[serde(default, rename = "State")]
    state: State,
}

#[derive(Debug, Default, Deserialize)]
struct State {
    #[serde(default, rename = "Running")]
    running: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Config {
    #[serde(default, rename = "Image")]
    image: String,
    #[serde(default, rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "Tty")]
    tty: bool,
}

impl Container {
    /// Reads `config.v2.json`; `None` when it is not there, or not to be read or understood.
    pub(crate) fn read(path: &Path) -> Option<Container> {
        if std::fs::metadata(path).ok()?.len() > FILE_BYTES_MAX {
            return None;
        }
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// Whether it has a terminal: then its log has no frames.
    pub(crate) fn has_terminal(&self) -> bool {
        self.config.tty
    }

    /// Whether it runs.
    pub(crate) fn is_running(&self) -> bool {
        self.state.running
    }

    /// Its attributes.
    pub(crate) fn attributes(&self) -> Pairs {
        let name = self.name.strip_prefix('/').unwrap_or(&self.name);
        let own = [("container", name), ("image", self.config.image.as_str())];
        let own = own.into_iter().filter(|(_, value)| !value.is_empty());
        let labels = self.config.labels.iter().flatten();
        let labels = labels.filter(|(name, _)| name.len() <= NAME_BYTES_MAX).take(PAIRS_MAX);
        let labels = labels.map(|(name, value)| (format!("label.{name}"), cut(value)));
        own.map(|(name, value)| (name.to_owned(), cut(value))).chain(labels).collect()
    }
}

/// The beginning of a value.
pub(crate) fn cut(value: &str) -> Vec<u8> {
    value.as_bytes().iter().copied().take(VALUE_BYTES_MAX).collect()
}
