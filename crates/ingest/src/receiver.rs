//! What a receiver is.

use std::sync::Arc;

use gastrolog_types::Timestamp;

use crate::{Counters, Shutdown};

/// Tells the time of arrival. Passed in, so that tests can move it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Takes records from somewhere (a port, files) and hands them to a sink until it is told to stop.
///
/// Ports are bound and files of state are read when a receiver is made, so that a wrong configuration is an error
/// at start and not later.
pub trait Receiver: Send {
    /// The name the operator gave it; the `receiver` attribute of its records.
    fn name(&self) -> &str;

    /// Which protocol it speaks (`syslog`, `http`, `tail`).
    fn kind(&self) -> &'static str;

    /// What it has counted so far.
    fn counters(&self) -> Arc<Counters>;

    /// Works on the calling thread (receivers of network protocols start an async runtime in it) until `shutdown`
    /// is set, then stores what it holds and returns.
    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError>;
}

/// Why a receiver could not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ReceiverError {
    /// The operating system refused something; `what` names the address or the path.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, with its address or path.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The configuration makes no sense; the text says what to change.
    #[error("{0}")]
    Config(String),
}

impl ReceiverError {
    /// For `map_err`: an I/O error with what was tried.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> ReceiverError {
        let what = what.into();
        move |source| ReceiverError::Io { what, source }
    }
}
