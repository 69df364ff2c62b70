//! The receiver: files without a format, followed.

use std::sync::Arc;

use gastrolog_follow::Follower;
use gastrolog_ingest::{Clock, Counters, Receiver, ReceiverError, Shutdown, Sink};

use crate::TailConfig;

/// Follows files on the thread it runs on.
pub struct TailReceiver(Follower);

impl TailReceiver {
    /// Reads the state file. The files themselves need not exist yet.
    pub fn new(config: TailConfig, sink: Arc<dyn Sink>, clock: Clock) -> Result<TailReceiver, ReceiverError> {
        Follower::new("tail", config, None, sink, clock).map(TailReceiver)
    }

    /// One look at all files: takes every whole line that is there, stores them and moves the bookmarks. False when
    /// `shutdown` was set before all was stored; what was not stored is read again after the next start.
    pub fn poll_once(&mut self, shutdown: &Shutdown) -> bool {
        self.0.poll_once(shutdown)
    }
}

impl Receiver for TailReceiver {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn counters(&self) -> Arc<Counters> {
        self.0.counters()
    }

    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        Box::new(self.0).run(shutdown)
    }
}
