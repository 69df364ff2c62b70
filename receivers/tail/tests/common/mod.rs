//! A folder of logs, a receiver that is stepped by hand, and what it stored.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Receiver, Shutdown};
use gastrolog_receiver_tail::{TailConfig, TailReceiver};
use gastrolog_types::Timestamp;

pub(crate) struct Logs {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) config: TailConfig,
    pub(crate) sink: Arc<MemorySink>,
}

impl Logs {
    /// Follows `glob` in a new folder.
    pub(crate) fn new(glob: &str, sink: MemorySink) -> Logs {
        let folder = tempfile::tempdir().unwrap();
        let config = TailConfig {
            globs: vec![folder.path().join(glob).display().to_string()],
            name: "tail".into(),
            state_file: folder.path().join("bookmarks"),
            rotated_wait: Duration::ZERO,
            ..TailConfig::default()
        };
        Logs { folder, config, sink: Arc::new(sink) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        std::fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub(crate) fn truncate(&self, name: &str) {
        OpenOptions::new().write(true).truncate(true).open(self.path(name)).unwrap();
    }

    /// A receiver as after a start of the process.
    pub(crate) fn start(&self) -> TailReceiver {
        let clock: Clock = Arc::new(|| Timestamp(42));
        TailReceiver::new(self.config.clone(), self.sink.clone(), clock).unwrap()
    }

    pub(crate) fn poll(&self, receiver: &mut TailReceiver) {
        assert!(receiver.poll_once(&Shutdown::new()));
        let counts = receiver.counters().snapshot();
        assert!(counts.reconciles(), "{counts:?}");
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.sink.texts()
    }
}
