//! Files in memory, and a clock and chance that are always the same.

use std::path::Path;
use std::sync::Arc;

use gastrolog_env::{Env, Fs, ManualClock, MemFs, SeededRandom};
use gastrolog_types::Timestamp;

use super::past::NOW;

/// An environment in memory in which nothing is left to chance.
pub(crate) fn env(fs: MemFs) -> Env {
    Env {
        fs: Arc::new(fs),
        clock: Arc::new(ManualClock::new(Timestamp(NOW))),
        random: Arc::new(SeededRandom::new(1)),
    }
}

/// A file system that holds `files` below `dir`; nothing when a name cannot be a file.
pub(crate) fn files_below(dir: &str, files: &[(String, Vec<u8>)]) -> Option<MemFs> {
    let fs = MemFs::new();
    for (name, bytes) in files {
        let path = Path::new(dir).join(name);
        fs.create_dir_all(path.parent()?).ok()?;
        fs.create_new(&path).ok()?.append(bytes).ok()?;
    }
    Some(fs)
}

/// An environment whose log folder `/wal` holds one segment.
pub(crate) fn env_of_segment(name: &str, bytes: Vec<u8>) -> Option<Env> {
    Some(env(files_below("/", &[(name.to_owned(), bytes)])?))
}
