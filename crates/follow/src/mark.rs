//! Which file it is, and how far it was read.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use serde::{Deserialize, Serialize};

/// Streams of a file whose lines are joined apart from each other.
pub(crate) const LANES: usize = 2;
/// A fingerprint covers this much of the beginning of a file.
const HEAD_BYTES: usize = 1024;

/// A file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct FileId {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

impl FileId {
    pub(crate) fn of(metadata: &Metadata) -> FileId {
        FileId { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// A hash of the beginning of a file. Tells it from another that got the same inode, or that was written in its
/// place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    len: usize,
    hash: u64,
}

impl Fingerprint {
    /// Of a file of which nothing is known: every file matches it.
    pub(crate) const EMPTY: Fingerprint = Fingerprint { len: 0, hash: 0 };

    fn of(head: &[u8]) -> Fingerprint {
        if head.is_empty() {
            return Fingerprint::EMPTY;
        }
        // This version of the hash is the same on every machine and in every release.
        Fingerprint { len: head.len(), hash: rapidhash::v3::rapidhash_v3(head) }
    }

    /// The fingerprint of the file as it is now (over more of it, if it has grown), or `None` when it begins
    /// differently from before.
    pub(crate) fn renewed(self, file: &File) -> io::Result<Option<Fingerprint>> {
        let mut head = [0; HEAD_BYTES];
        let len = read_at(file, &mut head, 0)?;
        let head = head.get(..len).unwrap_or(&[]);
        let same = head.get(..self.len).is_some_and(|known| Fingerprint::of(known) == self);
        Ok(same.then(|| Fingerprint::of(head)))
    }
}

/// How far a file was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) fingerprint: Fingerprint,
    /// Everything before it was taken.
    pub(crate) offset: u64,
    /// Whether it is inside of a line that was too long, the rest of which is dropped.
    pub(crate) skipping: bool,
    /// Lines of each stream before these offsets were taken, though one of the other stream at `offset` was not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) ahead: [u64; LANES],
}

fn is_zero(ahead: &[u64; LANES]) -> bool {
    *ahead == [0; LANES]
}

impl Mark {
    /// The beginning of a file.
    pub(crate) const START: Mark =
        Mark { fingerprint: Fingerprint::EMPTY, offset: 0, skipping: false, ahead: [0; LANES] };

    /// The same place, when more of the file is known.
    pub(crate) fn with(mut self, fingerprint: Fingerprint) -> Mark {
        self.fingerprint = fingerprint;
        self
    }
}

/// Fills as much of `buf` as the file has from `offset` on.
pub(crate) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(space) = buf.get_mut(filled..).filter(|space| !space.is_empty()) {
        match file.read_at(space, offset + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}
