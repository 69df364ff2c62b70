//! The file system as the store sees it: append-only files, atomic renames, explicit durability.

use std::ffi::OsString;
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{EnvError, LockError, LockGuard, ReadFile, Result};

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name, without the directory.
    pub name: OsString,
    /// Its length; 0 for a directory.
    pub bytes: u64,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// A file open for appending. Dropping it closes it and makes nothing durable.
pub trait File: Send + Sync + Debug {
    /// Adds `bytes` at the end. Readers see them at once; they survive a crash only after [`File::sync`].
    /// After an error an unknown part of `bytes` may have been added: truncate to the earlier [`File::len`].
    fn append(&mut self, bytes: &[u8]) -> Result<()>;

    /// Adds all `parts`, in order, as one append.
    fn append_vectored(&mut self, parts: &[&[u8]]) -> Result<()> {
        self.append(&parts.concat())
    }

    /// Makes the content durable (not the name: see [`Fs::sync_dir`]). After an error nothing written since the
    /// last good sync can be counted on, not even if a later call succeeds.
    fn sync(&mut self) -> Result<()>;

    /// The length in bytes, as this handle knows it.
    fn len(&self) -> u64;

    /// Whether the file is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Cuts the file to `len` bytes (no effect when it is shorter). Durable after [`File::sync`].
    fn truncate(&mut self, len: u64) -> Result<()>;
}

/// A file system. Paths are used as given; nothing here follows a working directory of its own.
pub trait Fs: Send + Sync + Debug {
    /// Makes `dir` and its missing parents, readable by the owner alone (0700). Durable when it returns.
    /// It is no error when `dir` exists.
    fn create_dir_all(&self, dir: &Path) -> Result<()>;

    /// Makes a new empty file, for the owner alone (0600). `AlreadyExists` when the name is taken, `NotFound` when
    /// the directory is missing. The name is durable after [`Fs::sync_dir`] of its directory.
    fn create_new(&self, path: &Path) -> Result<Box<dyn File>>;

    /// Opens an existing file to append to its end; `NotFound` when there is none.
    fn open_append(&self, path: &Path) -> Result<Box<dyn File>>;

    /// The whole content.
    fn read(&self, path: &Path) -> Result<Vec<u8>>;

    /// `len` bytes from `offset` on; fewer only where the file ends before. Allocates no more than the file holds.
    fn read_at(&self, path: &Path, offset: u64, len: usize) -> Result<Vec<u8>>;

    /// The file as it is now, to read from by place.
    fn open_read(&self, path: &Path) -> Result<Arc<dyn ReadFile>>;

    /// Renames, replacing `to` if it exists. After a crash there is the old state or the new one, never neither.
    /// Durable after [`Fs::sync_dir`] of the directory (of both, when they differ).
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;

    /// Removes a file; `NotFound` when there is none. Durable after [`Fs::sync_dir`].
    fn remove_file(&self, path: &Path) -> Result<()>;

    /// The entries of a directory, sorted by name.
    fn list(&self, dir: &Path) -> Result<Vec<Entry>>;

    /// The length of a file in bytes.
    fn size(&self, path: &Path) -> Result<u64>;

    /// Whether there is a file or directory of that name.
    fn exists(&self, path: &Path) -> Result<bool>;

    /// Makes the names in `dir` durable as they are now: files made, renamed and removed.
    fn sync_dir(&self, dir: &Path) -> Result<()>;

    /// Cuts a file to `len` bytes (no effect when it is shorter). Durable when it returns.
    fn truncate(&self, path: &Path, len: u64) -> Result<()>;

    /// Bytes that this process may still write to the disk of `path`; `None` where that is not known.
    fn free_bytes(&self, path: &Path) -> Result<Option<u64>> {
        let _ = path;
        Ok(None)
    }

    /// Takes the lock of the file `path` (made if missing), or says who has it. `holder` describes the caller for
    /// those who come too late; see [`crate::describe_this_process`]. Never waits. The lock ends when the guard is
    /// dropped or the process ends, however it ends.
    fn lock(&self, path: &Path, exclusive: bool, holder: &str) -> std::result::Result<LockGuard, LockError>;

    /// Makes a file that takes up `bytes` of the disk and holds nothing; nothing is left of it after an error.
    fn reserve(&self, path: &Path, bytes: u64) -> Result<()> {
        let mut file = self.create_new(path)?;
        let block = vec![0; RESERVE_BLOCK_BYTES];
        let mut left = bytes;
        let mut filled = Ok(());
        while left > 0 && filled.is_ok() {
            let len = usize::try_from(left).unwrap_or(usize::MAX).min(RESERVE_BLOCK_BYTES);
            filled = file.append(block.get(..len).unwrap_or(&[]));
            left -= len as u64;
        }
        let filled = filled.and_then(|()| file.sync());
        if filled.is_err() {
            // Best effort: the first error is the one that matters.
            let _ = self.remove_file(path);
        }
        filled
    }

    /// Puts `bytes` in the place of the file `path`: after a crash there is the old content or the new one, whole.
    /// Durable when it returns. Goes by way of `<path>.tmp`, so one writer at a time for each path.
    fn write_atomic(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let tmp = tmp_path(path)?;
        if self.exists(&tmp)? {
            self.remove_file(&tmp)?;
        }
        let written = self.create_new(&tmp).and_then(|mut file| {
            file.append(bytes)?;
            file.sync()
        });
        if let Err(error) = written.and_then(|()| self.rename(&tmp, path)) {
            // Best effort: a leftover is removed by the next write, and the first error is the one that matters.
            let _ = self.remove_file(&tmp);
            return Err(error);
        }
        self.sync_dir(parent_of(path))
    }
}

/// A reserve is written in pieces of this size.
const RESERVE_BLOCK_BYTES: usize = 64 << 10;

fn tmp_path(path: &Path) -> Result<PathBuf> {
    let Some(name) = path.file_name() else {
        return Err(EnvError::new("write", path, io::Error::from(io::ErrorKind::InvalidFilename)));
    };
    let mut name = name.to_os_string();
    name.push(".tmp");
    Ok(path.with_file_name(name))
}

/// The directory a path is in; `.` for a bare name.
pub(crate) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}
