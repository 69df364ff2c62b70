//! The state file: the bookmarks of all files, as JSON, replaced as a whole.

use std::collections::HashMap;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use gastrolog_ingest::ReceiverError;
use serde::{Deserialize, Serialize};

use crate::mark::{FileId, Mark};

/// Bookmarks kept of files that are not there any more (one may come back under another name); the oldest go first.
const ABSENT_MAX: usize = 4096;
/// A state file larger than this was not written by this program.
const STATE_BYTES_MAX: u64 = 256 << 20;
/// With a checksum since 2.
const VERSION: u32 = 2;

/// A bookmark.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bookmark {
    #[serde(flatten)]
    pub(crate) id: FileId,
    #[serde(flatten)]
    pub(crate) mark: Mark,
    /// For people who look; a file is known by its identity.
    pub(crate) path: String,
    /// When the file was last seen, nanoseconds since 1970.
    pub(crate) seen_ns: i64,
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    /// CRC-32 of the files as JSON without spaces: a number that is another one makes lines vanish.
    #[serde(default)]
    crc32: u32,
    files: Vec<Bookmark>,
}

impl Document {
    fn checksum(files: &[Bookmark]) -> io::Result<u32> {
        Ok(crc32fast::hash(&serde_json::to_vec(files)?))
    }
}

/// All bookmarks and where they are kept.
pub(crate) struct State {
    path: PathBuf,
    pub(crate) files: HashMap<FileId, Bookmark>,
    /// Whether there was no state file: the very first start.
    pub(crate) is_new: bool,
    /// Whether there is something to save.
    dirty: bool,
}

impl State {
    /// Reads the state file. One that cannot be understood is an error: to begin anew would repeat every line.
    pub(crate) fn load(path: &Path) -> Result<State, ReceiverError> {
        let what = format!("the state file {}", path.display());
        let bytes = match std::fs::metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(ReceiverError::io(what)(e)),
            Ok(metadata) if metadata.len() > STATE_BYTES_MAX => {
                return Err(ReceiverError::Config(format!("{what} is larger than {STATE_BYTES_MAX} bytes")));
            }
            Ok(_) => Some(std::fs::read(path).map_err(ReceiverError::io(what.as_str()))?),
        };
        let files = match &bytes {
            None => Vec::new(),
            Some(bytes) => parse(bytes).map_err(|why| {
                let remedy = "remove it to begin anew, which repeats what was read before";
                ReceiverError::Config(format!("{what} is damaged ({why}); {remedy}"))
            })?,
        };
        Ok(State {
            path: path.to_owned(),
            files: files.into_iter().map(|bookmark| (bookmark.id, bookmark)).collect(),
            is_new: bytes.is_none(),
            // Written at once at the first start, which makes sure that it can be.
            dirty: bytes.is_none(),
        })
    }

    /// Puts or replaces a bookmark.
    pub(crate) fn put(&mut self, bookmark: Bookmark) {
        self.dirty = true;
        self.files.insert(bookmark.id, bookmark);
    }

    /// Writes what changed: a new file beside the old one, synced, renamed over it, and the folder synced.
    /// `is_present` says which files are still there.
    pub(crate) fn save(&mut self, is_present: impl Fn(FileId) -> bool) -> io::Result<()> {
        if !self.dirty {
            return Ok(());
        }
        self.forget_absent(is_present);
        let mut files: Vec<Bookmark> = self.files.values().cloned().collect();
        files.sort_by(|a, b| (&a.path, a.id).cmp(&(&b.path, b.id)));
        let crc32 = Document::checksum(&files)?;
        let json = serde_json::to_vec_pretty(&Document { version: VERSION, crc32, files })?;
        replace(&self.path, &json)?;
        self.dirty = false;
        Ok(())
    }

    fn forget_absent(&mut self, is_present: impl Fn(FileId) -> bool) {
        let mut absent: Vec<(i64, FileId)> =
            self.files.values().filter(|b| !is_present(b.id)).map(|b| (b.seen_ns, b.id)).collect();
        absent.sort_unstable();
        let surplus = absent.len().saturating_sub(ABSENT_MAX);
        for (_, id) in absent.into_iter().take(surplus) {
            self.files.remove(&id);
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<Bookmark>, String> {
    let document: Document = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    match document.version {
        1 => Ok(document.files),
        VERSION if Document::checksum(&document.files).ok() == Some(document.crc32) => Ok(document.files),
        VERSION => Err("it does not match its checksum".to_owned()),
        other => Err(format!("version {other} is not known")),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a receiver may not use the file system of the store; its faults are tested on real files"
)]
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn any_flipped_bit_is_found_or_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.tail");
        let mut state = State::load(&path).unwrap();
        for n in 0..3 {
            let id = FileId { device: 1, inode: n };
            let mark =
                Mark { fingerprint: crate::mark::Fingerprint::EMPTY, offset: 1000 + n, skipping: false };
            state.put(Bookmark { id, mark, path: format!("/var/log/{n}"), seen_ns: 5 });
        }
        state.save(|_| true).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let good = std::fs::read(&path).unwrap();
        let shown = |files: &HashMap<FileId, Bookmark>| {
            let mut all: Vec<String> = files.values().map(|b| format!("{b:?}")).collect();
            all.sort();
            all
        };
        let right = shown(&State::load(&path).unwrap().files);
        assert_eq!(right.len(), 3);
        for (at, bit) in (0..good.len()).map(|at| (at, (at * 5 + 1) % 8)) {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            std::fs::write(&path, &bad).unwrap();
            match State::load(&path) {
                Err(e) => assert!(e.to_string().contains("is damaged"), "{e}"),
                Ok(state) => assert_eq!(shown(&state.files), right, "bit {bit} of byte {at}"),
            }
        }
    }
}
