//! What can go wrong with a store, by what the caller can do about it.

use std::path::PathBuf;
use std::sync::Arc;

use gastrolog_env::{EnvError, LockError};

use crate::wal::WalError;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the store. Stop that process, or work through it.
    #[error(transparent)]
    Locked(LockError),
    /// The disk failed.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The write-ahead log could not take the records.
    #[error(transparent)]
    Wal(#[from] WalError),
    /// The batch can never be stored. Do not send it again.
    #[error("the batch is refused: {reason}")]
    Refused {
        /// What is wrong with it.
        reason: String,
    },
    /// Records could not be written to a chunk. Those that were acknowledged before are safe in the log.
    #[error(transparent)]
    Flush(#[from] FlushError),
    /// A file was written by a later release. Use that one.
    #[error("{} was written by a later release of the store", path.display())]
    Version {
        /// The file.
        path: PathBuf,
    },
    /// The store is closed, or its writing thread has died.
    #[error("the store is closed")]
    Closed,
}

impl From<LockError> for StoreError {
    fn from(error: LockError) -> StoreError {
        match error {
            LockError::Env(error) => StoreError::Env(error),
            held => StoreError::Locked(held),
        }
    }
}

/// A failure to write records to a chunk. All who waited for them get it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("records cannot be written to a chunk: {reason}")]
pub struct FlushError {
    /// What failed, with the path.
    pub reason: Arc<str>,
    /// Whether the disk is full: the same may be tried again after space was made.
    pub full: bool,
}

impl FlushError {
    pub(super) fn new(reason: impl ToString) -> FlushError {
        FlushError { reason: reason.to_string().into(), full: false }
    }
}

impl From<EnvError> for FlushError {
    fn from(error: EnvError) -> FlushError {
        FlushError { full: error.is_full(), reason: error.to_string().into() }
    }
}
