//! Files open for reading by place. A file that is truncated, removed or unreadable gives an error here; memory maps
//! would give a signal instead, so there are none.
//!
//! Handles are many (one a chunk) and descriptors are few: those that were not used for a while are closed, and opened
//! again by path when they are needed. A handle that is held keeps its file readable even after it was removed.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;

use crate::{EnvError, Result};

/// A file as it was when it was opened: what is appended later is not in it.
pub trait ReadFile: Send + Sync + Debug {
    /// Its length then.
    fn len(&self) -> u64;

    /// Whether it was empty then.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Exactly `len` bytes from `offset` on. An error when that is beyond the end, when the file has become shorter or
    /// has gone, or when the disk fails. Memory for `len` bytes is taken only where they lie within the file.
    fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>>;

    /// Keeps it readable though it is removed or renamed from now on, for as long as this handle lives. `false` when
    /// too many are held already, or it cannot be opened: it may be readable all the same.
    fn hold(&self) -> bool;
}

/// The error for a place that is not in a file.
pub(crate) fn beyond_end(path: &Path, end: u64, len: u64) -> EnvError {
    let what = format!("the file ends at byte {len}, before byte {end}");
    EnvError::new("read", path, io::Error::new(io::ErrorKind::UnexpectedEof, what))
}

/// Share of the descriptors of a process that are kept open for reading: one in so many.
const SHARE: u64 = 4;

/// Most descriptors that are kept open: more gain nothing.
const OPEN_MAX: u64 = 4096;

/// How many are kept open when the limit of the process is very low, or unknown.
const OPEN_MIN: u64 = 8;

static POOL: LazyLock<Pool> = LazyLock::new(Pool::new);

/// The files that are open, those opened last at the end.
struct Pool {
    most: usize,
    open: Mutex<VecDeque<Weak<Handle>>>,
    held: AtomicUsize,
}

impl Pool {
    fn new() -> Pool {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let most = (limit.unwrap_or(OPEN_MAX * SHARE) / SHARE).clamp(OPEN_MIN, OPEN_MAX);
        Pool { most: most as usize, open: Mutex::default(), held: AtomicUsize::new(0) }
    }

    fn add(&self, handle: &Arc<Handle>) {
        let mut open = self.open.lock();
        open.push_back(Arc::downgrade(handle));
        if open.len() > self.most {
            close_idle(&mut open, self.most);
        }
    }

    /// Closes half of what is open: the process has no descriptor left.
    fn make_room(&self) {
        let mut open = self.open.lock();
        let most = open.len() / 2;
        close_idle(&mut open, most);
    }
}

/// Closes files until `most` are left, those last that were used since the last time. Looks at each twice at most.
fn close_idle(open: &mut VecDeque<Weak<Handle>>, most: usize) {
    for _ in 0..open.len() * 2 {
        if open.len() <= most {
            return;
        }
        let Some(handle) = open.pop_front().and_then(|weak| weak.upgrade()) else { continue };
        if handle.is_held.load(Ordering::Relaxed) || handle.was_used.swap(false, Ordering::Relaxed) {
            open.push_back(Arc::downgrade(&handle));
        } else {
            *handle.file.lock() = None;
        }
    }
}

/// Raises the number of files that this process may have open as far as the system lets it. For a program to call as
/// it starts.
pub fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, fewer files are kept open.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// A file of the machine.
#[derive(Debug)]
pub(crate) struct Handle {
    path: PathBuf,
    len: u64,
    /// Device and inode: another file of the same name is not this one. (What is read has checksums of its own.)
    identity: (u64, u64),
    file: Mutex<Option<Arc<fs::File>>>,
    is_held: AtomicBool,
    was_used: AtomicBool,
}

impl Handle {
    pub(crate) fn open(path: &Path) -> Result<Arc<Handle>> {
        let (file, identity, len) = open(path)?;
        let handle = Arc::new(Handle {
            path: path.to_path_buf(),
            len,
            identity,
            file: Mutex::new(Some(Arc::new(file))),
            is_held: AtomicBool::new(false),
            was_used: AtomicBool::new(false),
        });
        POOL.add(&handle);
        Ok(handle)
    }

    /// The open file, opened again if it was closed meanwhile.
    fn file(self: &Arc<Self>) -> Result<Arc<fs::File>> {
        self.was_used.store(true, Ordering::Relaxed);
        if let Some(file) = &*self.file.lock() {
            return Ok(file.clone());
        }
        let (file, identity, _) = open(&self.path)?;
        if identity != self.identity {
            let replaced = io::Error::other("another file has taken its place");
            return Err(EnvError::new("read", &self.path, replaced));
        }
        let file = Arc::new(file);
        *self.file.lock() = Some(file.clone());
        POOL.add(self);
        Ok(file)
    }
}

fn open(path: &Path) -> Result<(fs::File, (u64, u64), u64)> {
    let failed = |cause| EnvError::new("open", path, cause);
    let file = match fs::File::open(path) {
        Err(e) if is_out_of_files(&e) => {
            POOL.make_room();
            fs::File::open(path)
        }
        opened => opened,
    };
    let file = file.map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    Ok((file, (meta.dev(), meta.ino()), meta.len()))
}

fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let number = error.raw_os_error();
    number == Some(Errno::MFILE.raw_os_error()) || number == Some(Errno::NFILE.raw_os_error())
}

/// A handle as others see it.
#[derive(Debug)]
pub(crate) struct RealRead(pub(crate) Arc<Handle>);

impl ReadFile for RealRead {
    fn len(&self) -> u64 {
        self.0.len
    }

    fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        let path = &self.0.path;
        let end = offset.saturating_add(len as u64);
        if end > self.0.len {
            return Err(beyond_end(path, end, self.0.len));
        }
        let file = self.0.file()?;
        let mut bytes = vec![0; len];
        match file.read_exact_at(&mut bytes, offset) {
            Ok(()) => Ok(bytes),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                let now = file.metadata().map_or(0, |m| m.len());
                Err(beyond_end(path, end, now))
            }
            Err(e) => Err(EnvError::new("read", path, e)),
        }
    }

    fn hold(&self) -> bool {
        if self.0.is_held.load(Ordering::Relaxed) {
            return true;
        }
        if POOL.held.fetch_add(1, Ordering::Relaxed) >= POOL.most {
            POOL.held.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        // Another thread may do the same at this moment: then it is counted once too often, until it is closed.
        self.0.is_held.store(true, Ordering::Relaxed);
        self.0.file().is_ok()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if *self.is_held.get_mut() {
            POOL.held.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
        let path = dir.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    fn a_file_cut_or_gone_under_a_reader_is_an_error_and_not_a_signal() {
        let dir = tempfile::tempdir().unwrap();
        let path = written(dir.path(), "f", &[7; 100_000]);
        let read = RealRead(Handle::open(&path).unwrap());
        assert_eq!(read.read_at(99_990, 10).unwrap(), [7; 10]);
        assert!(read.read_at(99_991, 10).is_err() && read.read_at(u64::MAX, 10).is_err());
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(10).unwrap();
        let error = read.read_at(50_000, 10).unwrap_err().to_string();
        assert!(error.contains("the file ends at byte 10, before byte 50010"), "{error}");
        assert_eq!(read.read_at(0, 10).unwrap(), [7; 10]);
        // Open, it can be read though it was removed; closed, it is gone.
        assert!(read.hold());
        let other = written(dir.path(), "other", &[8; 200]);
        fs::remove_file(&path).unwrap();
        assert_eq!(read.read_at(0, 1).unwrap(), [7]);
        *read.0.file.lock() = None;
        assert!(read.read_at(0, 1).unwrap_err().to_string().contains("cannot open"));
        fs::rename(other, &path).unwrap();
        let error = read.read_at(0, 1).unwrap_err().to_string();
        assert!(error.contains("another file has taken its place"), "{error}");
    }

    #[test]
    fn files_that_were_not_used_are_closed_and_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let open = |i: u8| Handle::open(&written(dir.path(), &i.to_string(), &[i])).unwrap();
        let handles: Vec<_> = (0..6).map(open).collect();
        let reads: Vec<_> = handles.iter().map(|h| RealRead(h.clone())).collect();
        assert!(reads[1].hold());
        assert_eq!(reads[2].read_at(0, 1).unwrap(), [2]);
        let mut queue: VecDeque<_> = handles.iter().map(Arc::downgrade).collect();
        queue.push_front(Weak::new());
        close_idle(&mut queue, 3);
        let open: Vec<bool> = handles.iter().map(|h| h.file.lock().is_some()).collect();
        assert_eq!(open, [false, true, true, false, false, true]);
        for (i, read) in reads.iter().enumerate() {
            assert_eq!(read.read_at(0, 1).unwrap(), [i as u8]);
        }
    }
}
