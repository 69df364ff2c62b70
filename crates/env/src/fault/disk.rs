//! The model of a disk: what is durable, what is on its way, and what a crash makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::fs::parent_of;
use crate::{EnvError, Fs, MemFs, Random, Result, SeededRandom};

/// The unit in which a disk loses data.
const BLOCK_BYTES: usize = 512;

/// A change of content that is not durable yet.
#[derive(Clone, Debug)]
pub(super) enum ContentOp {
    /// Bytes added.
    Append(Vec<u8>),
    /// Bytes added that the disk has failed to write: only their number will ever arrive.
    Lost(usize),
    /// Cut to this length.
    Truncate(u64),
}

/// A change of names that is not durable yet.
#[derive(Clone, Debug)]
pub(super) enum NameOp {
    /// A file was made.
    Create { path: PathBuf, inode: u64 },
    /// A file was removed.
    Remove { path: PathBuf },
    /// A file was renamed.
    Rename { from: PathBuf, to: PathBuf, inode: u64 },
}

impl NameOp {
    fn touches(&self) -> Vec<&PathBuf> {
        match self {
            NameOp::Create { path, .. } | NameOp::Remove { path } => vec![path],
            NameOp::Rename { from, to, .. } => vec![from, to],
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            NameOp::Create { path, inode } => {
                names.insert(path.clone(), *inode);
            }
            NameOp::Remove { path } => {
                names.remove(path);
            }
            NameOp::Rename { from, to, inode } => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
        }
    }
}

#[derive(Debug, Default)]
struct Inode {
    durable: Vec<u8>,
    pending: Vec<ContentOp>,
}

/// The disk: inodes, the names that are seen, and the names that are durable.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) dirs: BTreeSet<PathBuf>,
    inodes: BTreeMap<u64, Inode>,
    seen: BTreeMap<PathBuf, u64>,
    durable: BTreeMap<PathBuf, u64>,
    pending: Vec<NameOp>,
}

impl Disk {
    pub(super) fn new_inode(&mut self) -> u64 {
        let inode = self.inodes.len() as u64;
        self.inodes.insert(inode, Inode::default());
        inode
    }

    pub(super) fn inode_of(&self, path: &Path) -> Result<u64> {
        let found = self.seen.get(path).copied();
        found.ok_or_else(|| EnvError::new("find", path, ErrorKind::NotFound.into()))
    }

    pub(super) fn change(&mut self, inode: u64, op: ContentOp) {
        self.inodes.entry(inode).or_default().pending.push(op);
    }

    pub(super) fn sync(&mut self, inode: u64) {
        let inode = self.inodes.entry(inode).or_default();
        for op in std::mem::take(&mut inode.pending) {
            apply(&op, &mut inode.durable);
        }
    }

    /// A sync failed: what was on its way is dropped from the cache and will not be written by a later sync.
    pub(super) fn lose(&mut self, inode: u64) {
        for op in &mut self.inodes.entry(inode).or_default().pending {
            if let ContentOp::Append(bytes) = op {
                *op = ContentOp::Lost(bytes.len());
            }
        }
    }

    pub(super) fn name(&mut self, op: NameOp) {
        op.apply(&mut self.seen);
        self.pending.push(op);
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) {
        let (here, mut rest): (Vec<NameOp>, Vec<NameOp>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|op| op.touches().into_iter().any(|path| parent_of(path) == dir));
        for op in here {
            op.apply(&mut self.durable);
            if let NameOp::Rename { inode: moved, .. } = op {
                // It has left the directory where it was made; its making must not bring the old name back.
                rest.retain(|r| !matches!(r, NameOp::Create { inode, .. } if *inode == moved));
            }
        }
        self.pending = rest;
    }

    pub(super) fn crash(&self, seed: u64) -> Result<MemFs> {
        let random = SeededRandom::new(seed);
        let image = MemFs::new();
        for dir in &self.dirs {
            image.create_dir_all(dir)?;
        }
        for (path, inode) in self.surviving_names(&random) {
            let mut file = image.create_new(&path)?;
            if let Some(inode) = self.inodes.get(&inode) {
                file.append(&surviving_content(inode, &random))?;
            }
        }
        Ok(image)
    }

    /// The durable names and some of the changes on their way: all, none, a beginning, or a mixture in which a
    /// change arrives only if all earlier ones of the same name did.
    fn surviving_names(&self, random: &SeededRandom) -> BTreeMap<PathBuf, u64> {
        let mut names = self.durable.clone();
        let mode = random.below(4);
        let count = random.below(self.pending.len() as u64 + 1);
        let mut dropped: BTreeSet<&PathBuf> = BTreeSet::new();
        for (i, op) in self.pending.iter().enumerate() {
            let arrives = match mode {
                0 => true,
                1 => false,
                2 => (i as u64) < count,
                _ => random.below(2) == 0 && op.touches().iter().all(|path| !dropped.contains(path)),
            };
            if arrives {
                op.apply(&mut names);
            } else {
                dropped.extend(op.touches());
            }
        }
        names
    }
}

fn apply(op: &ContentOp, content: &mut Vec<u8>) {
    match op {
        ContentOp::Append(bytes) => content.extend_from_slice(bytes),
        ContentOp::Lost(len) => content.resize(content.len() + len, 0),
        ContentOp::Truncate(len) => content.truncate(usize::try_from(*len).unwrap_or(usize::MAX)),
    }
}

/// The durable content and some of the changes on their way: all, none, a beginning that may end within an
/// append, or all in length but with blocks that never arrived.
fn surviving_content(inode: &Inode, random: &SeededRandom) -> Vec<u8> {
    let mut content = inode.durable.clone();
    let mode = random.below(4);
    let count = random.below(inode.pending.len() as u64 + 1);
    let mut stable = content.len();
    for (i, op) in inode.pending.iter().enumerate() {
        if mode == 0 || (mode == 2 && i as u64 > count) {
            break;
        }
        let before = content.len();
        apply(op, &mut content);
        stable = stable.min(content.len());
        if mode == 2 && i as u64 == count && content.len() > before {
            content.truncate(before + random.below((content.len() - before) as u64) as usize);
        }
    }
    if mode == 3 {
        lose_blocks(&mut content, stable, random);
    }
    content
}

/// Replaces some blocks after `stable` by zeros or garbage.
fn lose_blocks(content: &mut [u8], stable: usize, random: &SeededRandom) {
    let mut at = stable;
    while at < content.len() {
        let end = ((at / BLOCK_BYTES + 1) * BLOCK_BYTES).min(content.len());
        if let Some(block) = content.get_mut(at..end) {
            match random.below(4) {
                0 => block.fill(0),
                1 => block.fill_with(|| random.next_u64() as u8),
                _ => {}
            }
        }
        at = end;
    }
}
