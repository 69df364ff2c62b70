//! The bookmarks of all files.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use gastrolog_ingest::ReceiverError;
use serde::{Deserialize, Serialize};

use crate::document;
use crate::mark::{FileId, Mark};

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
    /// Reads the state file.
    pub(crate) fn load(path: &Path) -> Result<State, ReceiverError> {
        let files: Option<Vec<Bookmark>> = document::load(path)?;
        let is_new = files.is_none();
        let files = files.unwrap_or_default();
        Ok(State {
            path: path.to_owned(),
            files: files.into_iter().map(|bookmark| (bookmark.id, bookmark)).collect(),
            is_new,
            // Written at once at the first start, which makes sure that it can be.
            dirty: is_new,
        })
    }

    /// Puts or replaces a bookmark.
    pub(crate) fn put(&mut self, bookmark: Bookmark) {
        self.dirty = true;
        self.files.insert(bookmark.id, bookmark);
    }

    /// Writes what changed. `is_present` says which files are still there.
    pub(crate) fn save(&mut self, is_present: impl Fn(FileId) -> bool) -> io::Result<()> {
        if !self.dirty {
            return Ok(());
        }
        document::forget_absent(&mut self.files, |id| is_present(*id), |bookmark| bookmark.seen_ns);
        let mut files: Vec<Bookmark> = self.files.values().cloned().collect();
        files.sort_by(|a, b| (&a.path, a.id).cmp(&(&b.path, b.id)));
        document::save(&self.path, files)?;
        self.dirty = false;
        Ok(())
    }
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
            let mark = Mark { offset: 1000 + n, ahead: [1000 + n, 2000], ..Mark::START };
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
