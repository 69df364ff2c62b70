//! The error of file operations: always says what was tried, on which path, and why it failed.

use std::io;
use std::path::{Path, PathBuf};

/// Result of an operation on the environment.
pub type Result<T> = std::result::Result<T, EnvError>;

/// "Input/output error", by the same number on every system that this runs on.
const EIO: i32 = 5;

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {cause}", path.display())]
pub struct EnvError {
    operation: &'static str,
    path: PathBuf,
    cause: io::Error,
}

impl EnvError {
    /// An error that reads "cannot `operation` `path`: `cause`".
    pub fn new(operation: &'static str, path: &Path, cause: io::Error) -> EnvError {
        EnvError { operation, path: path.to_path_buf(), cause }
    }

    /// What kind of failure it is (`NotFound`, `StorageFull`, `AlreadyExists` …).
    pub fn kind(&self) -> io::ErrorKind {
        self.cause.kind()
    }

    /// Whether the disk or the quota is full, or the file may not become larger: space may come back, so the operation
    /// may be tried again.
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        matches!(self.kind(), StorageFull | QuotaExceeded | FileTooLarge)
    }

    /// Whether the disk answered that it cannot read or write (EIO): asking again gives no other answer, and other files
    /// may be as they should be.
    pub fn is_of_the_medium(&self) -> bool {
        self.cause.raw_os_error() == Some(EIO) || self.kind() == io::ErrorKind::Other
    }

    /// The path it was about.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
