//! The machine's own file system.

use std::fs::{self, DirBuilder, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fs::parent_of;
use crate::handle::{Handle, RealRead};
use crate::lock::{HOLDER_BYTES_MAX, holder_text};
use crate::{Entry, EnvError, File, Fs, LockError, LockGuard, ReadFile, Result};

const FILE_MODE: u32 = 0o600;
const DIR_MODE: u32 = 0o700;

/// The machine's file system. Syncs are `fdatasync` for content and `fsync` for directories.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealFs;

trait Named<T> {
    fn on(self, operation: &'static str, path: &Path) -> Result<T>;
}

impl<T> Named<T> for io::Result<T> {
    fn on(self, operation: &'static str, path: &Path) -> Result<T> {
        self.map_err(|cause| EnvError::new(operation, path, cause))
    }
}

#[derive(Debug)]
struct RealFile {
    file: fs::File,
    path: PathBuf,
    len: u64,
}

impl File for RealFile {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all(bytes);
        match &written {
            Ok(()) => self.len += bytes.len() as u64,
            Err(_) => self.len = self.file.metadata().map_or(self.len, |m| m.len()),
        }
        written.on("append to", &self.path)
    }

    fn sync(&mut self) -> Result<()> {
        self.file.sync_data().on("sync", &self.path)
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn truncate(&mut self, len: u64) -> Result<()> {
        if len < self.len {
            self.file.set_len(len).on("truncate", &self.path)?;
            self.len = len;
        }
        Ok(())
    }
}

fn open_read(path: &Path) -> Result<fs::File> {
    OpenOptions::new().read(true).open(path).on("open", path)
}

fn appending(file: fs::File, path: &Path) -> Result<Box<dyn File>> {
    let len = file.metadata().on("look at", path)?.len();
    Ok(Box::new(RealFile { file, path: path.to_path_buf(), len }))
}

impl Fs for RealFs {
    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        if dir.as_os_str().is_empty() || dir.is_dir() {
            return Ok(());
        }
        let parent = parent_of(dir);
        if parent != dir {
            self.create_dir_all(parent)?;
        }
        match DirBuilder::new().mode(DIR_MODE).create(dir) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
            made => made.on("create directory", dir)?,
        }
        self.sync_dir(parent)
    }

    fn create_new(&self, path: &Path) -> Result<Box<dyn File>> {
        let file = OpenOptions::new().append(true).create_new(true).mode(FILE_MODE).open(path);
        appending(file.on("create", path)?, path)
    }

    fn open_append(&self, path: &Path) -> Result<Box<dyn File>> {
        appending(OpenOptions::new().append(true).open(path).on("open", path)?, path)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        fs::read(path).on("read", path)
    }

    fn read_at(&self, path: &Path, offset: u64, len: usize) -> Result<Vec<u8>> {
        let mut file = open_read(path)?;
        let held = file.metadata().on("look at", path)?.len().saturating_sub(offset);
        let len = usize::try_from(held).unwrap_or(usize::MAX).min(len);
        let mut bytes = Vec::with_capacity(len);
        file.seek(SeekFrom::Start(offset)).on("read", path)?;
        file.take(len as u64).read_to_end(&mut bytes).on("read", path)?;
        Ok(bytes)
    }

    fn open_read(&self, path: &Path) -> Result<Arc<dyn ReadFile>> {
        Ok(Arc::new(RealRead(Handle::open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to).on("rename", from)
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        fs::remove_file(path).on("remove", path)
    }

    fn list(&self, dir: &Path) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(dir).on("list", dir)? {
            let entry = entry.on("list", dir)?;
            match entry.metadata() {
                Ok(m) => {
                    let bytes = if m.is_dir() { 0 } else { m.len() };
                    entries.push(Entry { name: entry.file_name(), bytes, is_dir: m.is_dir() });
                }
                // It was removed while we listed: as if we had come later.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(EnvError::new("look at", &entry.path(), e)),
            }
        }
        entries.sort();
        Ok(entries)
    }

    fn size(&self, path: &Path) -> Result<u64> {
        Ok(fs::metadata(path).on("look at", path)?.len())
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        path.try_exists().on("look for", path)
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        open_read(dir)?.sync_all().on("sync directory", dir)
    }

    fn truncate(&self, path: &Path, len: u64) -> Result<()> {
        let mut file = self.open_append(path)?;
        file.truncate(len)?;
        file.sync()
    }

    fn reserve(&self, path: &Path, bytes: u64) -> Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(FILE_MODE).open(path).on("create", path)?;
        // Allocated and never written: it takes no time. Where a file system cannot do that (ext3, older NFS), it is
        // written.
        let made = match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                io::copy(&mut io::repeat(0).take(bytes), &mut file).and_then(|_| file.sync_data())
            }
            made => made.map_err(io::Error::from),
        };
        if made.is_err() {
            // Best effort: the first error is the one that matters.
            let _ = fs::remove_file(path);
        }
        made.on("reserve room in", path)
    }

    fn free_bytes(&self, path: &Path) -> Result<Option<u64>> {
        let stat = rustix::fs::statvfs(path).map_err(io::Error::from).on("look at the disk of", path)?;
        Ok(Some(stat.f_bavail.saturating_mul(stat.f_frsize)))
    }

    fn lock(&self, path: &Path, exclusive: bool, holder: &str) -> std::result::Result<LockGuard, LockError> {
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(path)
            .on("open lock file", path)?;
        // The standard library's lock is flock(2): it goes with the open file, so it ends with the process.
        match if exclusive { file.try_lock() } else { file.try_lock_shared() } {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut content = Vec::new();
                file.take(HOLDER_BYTES_MAX as u64).read_to_end(&mut content).on("read lock file", path)?;
                return Err(LockError::Held { path: path.to_path_buf(), holder: holder_text(&content) });
            }
            Err(TryLockError::Error(e)) => return Err(EnvError::new("lock", path, e).into()),
        }
        // Not truncated first: with one write there is no moment at which the file says nothing.
        let text = format!("{holder}\n");
        file.write_all(text.as_bytes()).on("write lock file", path)?;
        file.set_len(text.len() as u64).on("write lock file", path)?;
        Ok(LockGuard::new(file))
    }
}
