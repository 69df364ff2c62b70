//! How many calls may run at once. Each holds a thread for as long as it lasts, and ingest needs threads too.

use std::sync::Arc;

use connectrpc::ConnectError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Queries and other calls that read the store.
const QUERIES_MAX: usize = 64;
/// Followers, which stay.
const FOLLOWERS_MAX: usize = 128;

/// Lets a limited number in; the others are told to come back.
pub(crate) struct Gate {
    free: Arc<Semaphore>,
    max: usize,
    what: &'static str,
}

impl Gate {
    /// For calls that end by themselves.
    pub(crate) fn queries() -> Gate {
        Gate { free: Arc::new(Semaphore::new(QUERIES_MAX)), max: QUERIES_MAX, what: "queries" }
    }

    /// For calls that do not.
    pub(crate) fn followers() -> Gate {
        Gate { free: Arc::new(Semaphore::new(FOLLOWERS_MAX)), max: FOLLOWERS_MAX, what: "followers" }
    }

    /// In, for as long as the permit is kept.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit, ConnectError> {
        let full =
            |_| ConnectError::unavailable(format!("{} {} are running: try again", self.max, self.what));
        self.free.clone().try_acquire_owned().map_err(full)
    }
}
