//! A file system in memory: for tests, and for stores that keep nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::fs::parent_of;
use crate::handle::beyond_end;
use crate::lock::holder_text;
use crate::{Entry, EnvError, File, Fs, LockError, LockGuard, ReadFile, Result};

/// Files in memory; clones show the same files.
#[derive(Clone, Debug, Default)]
pub struct MemFs {
    shared: Arc<Mutex<Tree>>,
}

#[derive(Debug, Default)]
struct Tree {
    dirs: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, Node>,
    locks: BTreeMap<PathBuf, Lock>,
}

type Node = Arc<Mutex<Content>>;

#[derive(Debug)]
struct Lock {
    exclusive: bool,
    holders: usize,
    text: String,
}

/// What a file holds. Readers share `base`; appends go to `tail` and are joined to `base` by the next
/// opening, so that an append never copies what is open and opening a file that does not grow never copies at all.
#[derive(Debug, Default)]
struct Content {
    base: Arc<Vec<u8>>,
    tail: Vec<u8>,
}

impl Content {
    fn len(&self) -> usize {
        self.base.len() + self.tail.len()
    }

    fn append(&mut self, bytes: &[u8]) {
        match Arc::get_mut(&mut self.base) {
            Some(base) if self.tail.is_empty() => base.extend_from_slice(bytes),
            _ => self.tail.extend_from_slice(bytes),
        }
    }

    fn range(&self, offset: u64, len: usize) -> Vec<u8> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let end = start.saturating_add(len).min(self.len());
        let split = self.base.len();
        let head = self.base.get(start.min(split)..end.min(split)).unwrap_or(&[]);
        let tail = self.tail.get(start.saturating_sub(split)..end.saturating_sub(split)).unwrap_or(&[]);
        [head, tail].concat()
    }

    fn snapshot(&mut self) -> Arc<Vec<u8>> {
        if !self.tail.is_empty() {
            match Arc::get_mut(&mut self.base) {
                Some(base) => base.append(&mut self.tail),
                None => {
                    self.base = Arc::new([self.base.as_slice(), &std::mem::take(&mut self.tail)].concat())
                }
            }
        }
        self.base.clone()
    }

    fn truncate(&mut self, len: u64) {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if len >= self.base.len() {
            self.tail.truncate(len - self.base.len());
        } else {
            self.tail.clear();
            Arc::make_mut(&mut self.base).truncate(len);
        }
    }
}

#[derive(Debug)]
struct MemFile {
    node: Node,
}

impl File for MemFile {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.node.lock().append(bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }

    fn len(&self) -> u64 {
        self.node.lock().len() as u64
    }

    fn truncate(&mut self, len: u64) -> Result<()> {
        self.node.lock().truncate(len);
        Ok(())
    }
}

/// A file as it was when it was opened.
#[derive(Debug)]
struct MemRead {
    bytes: Arc<Vec<u8>>,
    path: PathBuf,
}

impl ReadFile for MemRead {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        let end = offset.saturating_add(len as u64);
        let range = usize::try_from(offset).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
        let bytes = self.bytes.get(range).map(<[u8]>::to_vec);
        bytes.ok_or_else(|| beyond_end(&self.path, end, self.len()))
    }

    fn hold(&self) -> bool {
        true
    }
}

impl MemFs {
    /// An empty file system.
    pub fn new() -> MemFs {
        MemFs::default()
    }

    /// Every directory that was made.
    pub(crate) fn dirs(&self) -> Vec<PathBuf> {
        self.shared.lock().dirs.iter().cloned().collect()
    }

    /// Every file.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.shared.lock().files.keys().cloned().collect()
    }

    fn node(&self, operation: &'static str, path: &Path) -> Result<Node> {
        let tree = self.shared.lock();
        tree.files.get(path).cloned().ok_or_else(|| failure(operation, path, ErrorKind::NotFound))
    }
}

impl Tree {
    fn has_dir(&self, dir: &Path) -> bool {
        dir.parent().is_none()
            || dir.as_os_str().is_empty()
            || dir == Path::new(".")
            || self.dirs.contains(dir)
    }

    fn need_dir(&self, operation: &'static str, path: &Path) -> Result<()> {
        if self.has_dir(parent_of(path)) {
            Ok(())
        } else {
            Err(failure(operation, path, ErrorKind::NotFound))
        }
    }
}

fn failure(operation: &'static str, path: &Path, kind: ErrorKind) -> EnvError {
    EnvError::new(operation, path, Error::from(kind))
}

impl Fs for MemFs {
    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        let mut tree = self.shared.lock();
        for dir in dir.ancestors() {
            if tree.files.contains_key(dir) {
                return Err(failure("create directory", dir, ErrorKind::NotADirectory));
            }
            if !tree.has_dir(dir) {
                tree.dirs.insert(dir.to_path_buf());
            }
        }
        Ok(())
    }

    fn create_new(&self, path: &Path) -> Result<Box<dyn File>> {
        let mut tree = self.shared.lock();
        tree.need_dir("create", path)?;
        if tree.files.contains_key(path) || tree.has_dir(path) {
            return Err(failure("create", path, ErrorKind::AlreadyExists));
        }
        let node = Node::default();
        tree.files.insert(path.to_path_buf(), node.clone());
        Ok(Box::new(MemFile { node }))
    }

    fn open_append(&self, path: &Path) -> Result<Box<dyn File>> {
        Ok(Box::new(MemFile { node: self.node("open", path)? }))
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        Ok(self.node("read", path)?.lock().range(0, usize::MAX))
    }

    fn read_at(&self, path: &Path, offset: u64, len: usize) -> Result<Vec<u8>> {
        Ok(self.node("read", path)?.lock().range(offset, len))
    }

    fn open_read(&self, path: &Path) -> Result<Arc<dyn ReadFile>> {
        let bytes = self.node("open", path)?.lock().snapshot();
        Ok(Arc::new(MemRead { bytes, path: path.to_path_buf() }))
    }

    fn reserve(&self, _path: &Path, _bytes: u64) -> Result<()> {
        // There is no disk that could be full.
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let mut tree = self.shared.lock();
        tree.need_dir("rename", to)?;
        let node = tree.files.remove(from).ok_or_else(|| failure("rename", from, ErrorKind::NotFound))?;
        tree.files.insert(to.to_path_buf(), node);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        let removed = self.shared.lock().files.remove(path);
        removed.map(|_| ()).ok_or_else(|| failure("remove", path, ErrorKind::NotFound))
    }

    fn list(&self, dir: &Path) -> Result<Vec<Entry>> {
        let tree = self.shared.lock();
        if !tree.has_dir(dir) {
            return Err(failure("list", dir, ErrorKind::NotFound));
        }
        let name = |path: &Path| path.file_name().filter(|_| parent_of(path) == dir).map(ToOwned::to_owned);
        let files = tree.files.iter().filter_map(|(path, node)| {
            Some(Entry { name: name(path)?, bytes: node.lock().len() as u64, is_dir: false })
        });
        let dirs =
            tree.dirs.iter().filter_map(|path| Some(Entry { name: name(path)?, bytes: 0, is_dir: true }));
        let mut entries: Vec<Entry> = files.chain(dirs).collect();
        entries.sort();
        Ok(entries)
    }

    fn size(&self, path: &Path) -> Result<u64> {
        Ok(self.node("look at", path)?.lock().len() as u64)
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        let tree = self.shared.lock();
        Ok(tree.files.contains_key(path) || tree.has_dir(path))
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        let there = self.shared.lock().has_dir(dir);
        if there { Ok(()) } else { Err(failure("sync directory", dir, ErrorKind::NotFound)) }
    }

    fn truncate(&self, path: &Path, len: u64) -> Result<()> {
        self.node("truncate", path)?.lock().truncate(len);
        Ok(())
    }

    fn lock(&self, path: &Path, exclusive: bool, holder: &str) -> std::result::Result<LockGuard, LockError> {
        let mut tree = self.shared.lock();
        tree.need_dir("open lock file", path)?;
        let lock = tree.locks.entry(path.to_path_buf()).or_insert(Lock {
            exclusive,
            holders: 0,
            text: String::new(),
        });
        if lock.holders > 0 && (exclusive || lock.exclusive) {
            let holder = holder_text(lock.text.as_bytes());
            return Err(LockError::Held { path: path.to_path_buf(), holder });
        }
        *lock = Lock { exclusive, holders: lock.holders + 1, text: holder.to_owned() };
        Ok(LockGuard::new(HeldInMemory { fs: self.clone(), path: path.to_path_buf() }))
    }
}

struct HeldInMemory {
    fs: MemFs,
    path: PathBuf,
}

impl Drop for HeldInMemory {
    fn drop(&mut self) {
        if let Some(lock) = self.fs.shared.lock().locks.get_mut(&self.path) {
            lock.holders = lock.holders.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_copies_only_what_grew_while_open() {
        let fs = MemFs::new();
        let path = Path::new("/f");
        let mut file = fs.create_new(path).unwrap();
        file.append(&[7; 1000]).unwrap();
        let open = || fs.node("open", path).unwrap().lock().snapshot();
        let (a, b) = (open(), open());
        assert_eq!(a.as_ptr(), b.as_ptr());
        file.append(b"xyz").unwrap();
        assert_eq!(fs.read_at(path, 998, 4).unwrap(), [7, 7, b'x', b'y']);
        let c = open();
        assert_eq!((a.len(), c.len()), (1000, 1003));
        assert_eq!(&c[1000..], b"xyz");
        file.truncate(2).unwrap();
        assert_eq!((c.len(), fs.read(path).unwrap().len()), (1003, 2));
    }
}
