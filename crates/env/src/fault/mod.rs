//! A file system that fails on purpose: errors at a chosen operation, and crashes that lose what was not synced.
//!
//! Operations go to a live image, which everybody reads, and to a model of the disk ([`disk`]), which knows what
//! is durable and what is still on its way. [`FaultFs::crash`] makes an image of what a machine might find after a
//! power cut at that moment; the seed decides which part of what was on its way had arrived.

mod disk;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::fs::parent_of;
use crate::{Entry, EnvError, File, Fs, LockError, LockGuard, MemFs, ReadFile, Result};
use disk::{ContentOp, Disk, NameOp};

/// The kinds of operation a [`Fault`] can hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Making a file.
    Create,
    /// Adding to a file. With `StorageFull` half of the bytes are added before it fails.
    Append,
    /// Making content durable. What was on its way is lost for good, though a later sync succeeds.
    Sync,
    /// Making names durable.
    SyncDir,
    /// Renaming.
    Rename,
    /// Removing.
    Remove,
    /// Cutting.
    Truncate,
    /// Reading a file, or opening one to read.
    Read,
    /// Any of these but reading.
    AnyWrite,
}

/// An error to give at a chosen moment.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Which operations count.
    pub operation: Operation,
    /// How many of them succeed first.
    pub after: u64,
    /// How many fail then (`u64::MAX`: all, as after a power cut).
    pub times: u64,
    /// The error they give (`StorageFull`, `Other` for EIO …).
    pub error: ErrorKind,
}

/// A disk in memory that can fail and crash. Clones show the same disk.
#[derive(Clone, Debug, Default)]
pub struct FaultFs {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    live: MemFs,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    disk: Disk,
    faults: Vec<Fault>,
    writes: u64,
    /// How many bytes fit on the disk.
    capacity: Option<u64>,
}

impl Shared {
    fn used(&self) -> u64 {
        self.live.files().iter().map(|path| self.live.size(path).unwrap_or(0)).sum()
    }

    /// How many of `wanted` bytes there is room for.
    fn room(&self, state: &State, wanted: usize) -> usize {
        let left = state.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(self.used()));
        usize::try_from(left).unwrap_or(usize::MAX).min(wanted)
    }
}

fn full(verb: &'static str, path: &Path) -> EnvError {
    EnvError::new(verb, path, std::io::Error::new(ErrorKind::StorageFull, "the disk is full"))
}

impl State {
    /// Counts the operation and gives the error that is due.
    fn check(&mut self, operation: Operation, verb: &'static str, path: &Path) -> Result<()> {
        let write = operation != Operation::Read;
        self.writes += u64::from(write);
        let mut due = None;
        for fault in &mut self.faults {
            if fault.operation != operation && !(fault.operation == Operation::AnyWrite && write) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
            } else if fault.times > 0 {
                fault.times = if fault.times == u64::MAX { u64::MAX } else { fault.times - 1 };
                due = due.or(Some(fault.error));
            }
        }
        due.map_or(Ok(()), |kind| Err(EnvError::new(verb, path, std::io::Error::new(kind, "injected fault"))))
    }
}

impl FaultFs {
    /// An empty disk.
    pub fn new() -> FaultFs {
        FaultFs::default()
    }

    /// A disk on which everything in `image` is durable already: for going on after a crash.
    pub fn over(image: &MemFs) -> Result<FaultFs> {
        let fs = FaultFs::new();
        for dir in image.dirs() {
            fs.create_dir_all(&dir)?;
        }
        for path in image.files() {
            let mut file = fs.create_new(&path)?;
            file.append(&image.read(&path)?)?;
            file.sync()?;
            fs.sync_dir(parent_of(&path))?;
        }
        fs.shared.state.lock().writes = 0;
        Ok(fs)
    }

    /// Adds a fault, counted from now on.
    pub fn inject(&self, fault: Fault) {
        self.shared.state.lock().faults.push(fault);
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.shared.state.lock().faults.clear();
    }

    /// Says how many bytes fit on the disk; `None`: any number. What is there already stays.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.shared.state.lock().capacity = bytes;
    }

    /// How many bytes there are in all files.
    pub fn used(&self) -> u64 {
        self.shared.used()
    }

    /// How many writing operations there were (failed ones too): a test crashes at each of them in turn.
    pub fn writes(&self) -> u64 {
        self.shared.state.lock().writes
    }

    /// What a machine might find after a power cut now. The same history and seed give the same image; the disk
    /// itself goes on. Locks are gone. What was synced is there; of the rest, by seed: nothing, everything, a
    /// beginning, or a mixture with blocks of zeros or garbage.
    pub fn crash(&self, seed: u64) -> Result<MemFs> {
        self.shared.state.lock().disk.crash(seed)
    }
}

#[derive(Debug)]
struct FaultFile {
    live: Box<dyn File>,
    shared: Arc<Shared>,
    inode: u64,
    path: PathBuf,
}

impl File for FaultFile {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let mut state = self.shared.state.lock();
        let mut checked = state.check(Operation::Append, "append to", &self.path);
        let room = self.shared.room(&state, bytes.len());
        if checked.is_ok() && room < bytes.len() {
            checked = Err(full("append to", &self.path));
        }
        let kept = match &checked {
            Ok(()) => bytes,
            Err(_) if room < bytes.len() => bytes.get(..room).unwrap_or(&[]),
            Err(e) if e.is_full() => bytes.get(..bytes.len() / 2).unwrap_or(&[]),
            Err(_) => &[],
        };
        state.disk.change(self.inode, ContentOp::Append(kept.to_vec()));
        self.live.append(kept)?;
        checked
    }

    fn sync(&mut self) -> Result<()> {
        let mut state = self.shared.state.lock();
        let checked = state.check(Operation::Sync, "sync", &self.path);
        match &checked {
            Ok(()) => state.disk.sync(self.inode),
            Err(_) => state.disk.lose(self.inode),
        }
        checked
    }

    fn len(&self) -> u64 {
        self.live.len()
    }

    fn truncate(&mut self, len: u64) -> Result<()> {
        let mut state = self.shared.state.lock();
        state.check(Operation::Truncate, "truncate", &self.path)?;
        state.disk.change(self.inode, ContentOp::Truncate(len));
        self.live.truncate(len)
    }
}

/// A file open for reading: each read may fail.
#[derive(Debug)]
struct FaultRead {
    live: Arc<dyn ReadFile>,
    fs: FaultFs,
    path: PathBuf,
}

impl ReadFile for FaultRead {
    fn len(&self) -> u64 {
        self.live.len()
    }

    fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        self.fs.reading(&self.path)?;
        self.live.read_at(offset, len)
    }

    fn hold(&self) -> bool {
        self.live.hold()
    }
}

impl FaultFs {
    fn file(&self, live: Box<dyn File>, inode: u64, path: &Path) -> Box<dyn File> {
        Box::new(FaultFile { live, shared: self.shared.clone(), inode, path: path.to_path_buf() })
    }

    fn reading(&self, path: &Path) -> Result<()> {
        self.shared.state.lock().check(Operation::Read, "read", path)
    }
}

impl Fs for FaultFs {
    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        let mut state = self.shared.state.lock();
        self.shared.live.create_dir_all(dir)?;
        state.disk.dirs.extend(dir.ancestors().map(Path::to_path_buf));
        Ok(())
    }

    fn create_new(&self, path: &Path) -> Result<Box<dyn File>> {
        let mut state = self.shared.state.lock();
        state.check(Operation::Create, "create", path)?;
        if self.shared.room(&state, 1) == 0 {
            return Err(full("create", path));
        }
        let live = self.shared.live.create_new(path)?;
        let inode = state.disk.new_inode();
        state.disk.name(NameOp::Create { path: path.to_path_buf(), inode });
        Ok(self.file(live, inode, path))
    }

    fn open_append(&self, path: &Path) -> Result<Box<dyn File>> {
        let state = self.shared.state.lock();
        let live = self.shared.live.open_append(path)?;
        Ok(self.file(live, state.disk.inode_of(path)?, path))
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        self.reading(path)?;
        self.shared.live.read(path)
    }

    fn read_at(&self, path: &Path, offset: u64, len: usize) -> Result<Vec<u8>> {
        self.reading(path)?;
        self.shared.live.read_at(path, offset, len)
    }

    fn open_read(&self, path: &Path) -> Result<Arc<dyn ReadFile>> {
        self.reading(path)?;
        let live = self.shared.live.open_read(path)?;
        Ok(Arc::new(FaultRead { live, fs: self.clone(), path: path.to_path_buf() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let mut state = self.shared.state.lock();
        state.check(Operation::Rename, "rename", from)?;
        self.shared.live.rename(from, to)?;
        let inode = state.disk.inode_of(from)?;
        state.disk.name(NameOp::Rename { from: from.to_path_buf(), to: to.to_path_buf(), inode });
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        let mut state = self.shared.state.lock();
        state.check(Operation::Remove, "remove", path)?;
        self.shared.live.remove_file(path)?;
        state.disk.name(NameOp::Remove { path: path.to_path_buf() });
        Ok(())
    }

    fn list(&self, dir: &Path) -> Result<Vec<Entry>> {
        self.shared.live.list(dir)
    }

    fn size(&self, path: &Path) -> Result<u64> {
        self.shared.live.size(path)
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        self.shared.live.exists(path)
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        let mut state = self.shared.state.lock();
        state.check(Operation::SyncDir, "sync directory", dir)?;
        self.shared.live.sync_dir(dir)?;
        state.disk.sync_dir(dir);
        Ok(())
    }

    fn truncate(&self, path: &Path, len: u64) -> Result<()> {
        let mut file = self.open_append(path)?;
        file.truncate(len)?;
        file.sync()
    }

    fn free_bytes(&self, _: &Path) -> Result<Option<u64>> {
        let capacity = self.shared.state.lock().capacity;
        Ok(capacity.map(|capacity| capacity.saturating_sub(self.shared.used())))
    }

    fn lock(&self, path: &Path, exclusive: bool, holder: &str) -> std::result::Result<LockGuard, LockError> {
        self.shared.live.lock(path, exclusive, holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/d/f";

    fn disk() -> (FaultFs, Box<dyn File>) {
        let fs = FaultFs::new();
        fs.create_dir_all(Path::new("/d")).unwrap();
        let file = fs.create_new(Path::new(PATH)).unwrap();
        (fs, file)
    }

    fn images(fs: &FaultFs) -> Vec<Option<Vec<u8>>> {
        (0..200).map(|seed| fs.crash(seed).unwrap().read(Path::new(PATH)).ok()).collect()
    }

    #[test]
    fn what_is_synced_survives_and_the_rest_may_not() {
        let (fs, mut file) = disk();
        file.append(b"one").unwrap();
        file.sync().unwrap();
        // The name is not durable yet.
        assert!(images(&fs).contains(&None));
        assert!(images(&fs).contains(&Some(b"one".to_vec())));
        fs.sync_dir(Path::new("/d")).unwrap();
        assert!(images(&fs).iter().all(|i| i.as_deref() == Some(b"one")));

        file.append(&[b'x'; 2000]).unwrap();
        let seen = images(&fs);
        let live = fs.read(Path::new(PATH)).unwrap();
        assert!(seen.iter().flatten().all(|i| i.starts_with(b"one") && i.len() <= live.len()));
        assert!(seen.contains(&Some(b"one".to_vec())) && seen.contains(&Some(live.clone())));
        let torn = |i: &&Vec<u8>| i.len() > 3 && i.len() < live.len();
        assert!(seen.iter().flatten().any(|i| torn(&i) && live.starts_with(i)));
        assert!(seen.iter().flatten().any(|i| i.len() == live.len() && *i != live));
        assert_eq!(seen, images(&fs));
    }

    #[test]
    fn a_rename_is_there_or_not_but_never_half() {
        let (fs, mut file) = disk();
        file.append(b"old").unwrap();
        file.sync().unwrap();
        fs.sync_dir(Path::new("/d")).unwrap();
        let mut new = fs.create_new(Path::new("/d/g")).unwrap();
        new.append(b"new").unwrap();
        new.sync().unwrap();
        fs.rename(Path::new("/d/g"), Path::new(PATH)).unwrap();
        let seen = images(&fs);
        assert!(seen.iter().all(|i| matches!(i.as_deref(), Some(b"old" | b"new"))));
        assert!(seen.contains(&Some(b"new".to_vec())) && seen.contains(&Some(b"old".to_vec())));
        fs.write_atomic(Path::new(PATH), b"newest").unwrap();
        assert!(images(&fs).iter().all(|i| i.as_deref() == Some(b"newest")));
        fs.remove_file(Path::new(PATH)).unwrap();
        assert!(images(&fs).contains(&None) && images(&fs).contains(&Some(b"newest".to_vec())));
    }

    #[test]
    fn faults_hit_the_chosen_operation_and_a_failed_sync_loses_for_good() {
        let (fs, mut file) = disk();
        fs.sync_dir(Path::new("/d")).unwrap();
        fs.inject(Fault { operation: Operation::Sync, after: 1, times: 1, error: ErrorKind::Other });
        file.append(b"a").unwrap();
        file.sync().unwrap();
        file.append(b"b").unwrap();
        let error = file.sync().unwrap_err();
        assert_eq!(error.to_string(), "cannot sync /d/f: injected fault");
        file.sync().unwrap();
        assert!(images(&fs).iter().all(|i| i.as_deref() == Some(b"a\0")));

        fs.inject(Fault { operation: Operation::Append, after: 0, times: 1, error: ErrorKind::StorageFull });
        assert!(file.append(b"1234").unwrap_err().is_full());
        assert_eq!(file.len(), 4);
        fs.inject(Fault {
            operation: Operation::AnyWrite,
            after: 0,
            times: u64::MAX,
            error: ErrorKind::Other,
        });
        assert!(file.append(b"x").is_err() && fs.remove_file(Path::new(PATH)).is_err());
        fs.heal();
        file.truncate(2).unwrap();
        file.sync().unwrap();
        assert_eq!(fs.read(Path::new(PATH)).unwrap(), b"ab");
    }

    #[test]
    fn a_crash_image_can_be_gone_on_with() {
        let (fs, mut file) = disk();
        file.append(b"x").unwrap();
        file.sync().unwrap();
        fs.sync_dir(Path::new("/d")).unwrap();
        let next = FaultFs::over(&fs.crash(1).unwrap()).unwrap();
        assert!(images(&next).iter().all(|i| i.as_deref() == Some(b"x")));
    }
}
