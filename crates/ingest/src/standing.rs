//! Whether a receiver works, and how much of what it follows it has not read.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

/// Whether a receiver works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReceiverState {
    /// It takes what comes.
    #[default]
    Running,
    /// The store did not take what it brought last: it tries again, or its senders do.
    StoreAway,
    /// It has ended; what went wrong last may say why.
    Stopped,
}

impl ReceiverState {
    /// All of them.
    pub const ALL: [ReceiverState; 3] =
        [ReceiverState::Running, ReceiverState::StoreAway, ReceiverState::Stopped];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            ReceiverState::Running => "running",
            ReceiverState::StoreAway => "store_away",
            ReceiverState::Stopped => "stopped",
        }
    }
}

/// What a receiver says of itself.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    away: AtomicBool,
    stopped: AtomicBool,
    unread_bytes: Mutex<Option<u64>>,
}

impl Standing {
    pub(crate) fn set_away(&self, away: bool) {
        // Most of the time nothing changes, and nobody else's cache is touched.
        if self.away.load(Ordering::Relaxed) != away {
            self.away.store(away, Ordering::Relaxed);
        }
    }

    pub(crate) fn set_stopped(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(crate) fn set_unread_bytes(&self, bytes: u64) {
        *self.unread_bytes.lock() = Some(bytes);
    }

    pub(crate) fn unread_bytes(&self) -> Option<u64> {
        *self.unread_bytes.lock()
    }

    pub(crate) fn state(&self) -> ReceiverState {
        if self.stopped.load(Ordering::Relaxed) {
            ReceiverState::Stopped
        } else if self.away.load(Ordering::Relaxed) {
            ReceiverState::StoreAway
        } else {
            ReceiverState::Running
        }
    }
}
