//! Which files there are now, and which of them cannot be read.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use gastrolog_ingest::Counters;
use glob::MatchOptions;

use crate::file::open_file;
use crate::mark::FileId;

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Endings of what a rotation has compressed; it was read before.
const COMPRESSED: [&str; 4] = ["gz", "bz2", "xz", "zst"];

/// A file that a glob matches.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) id: FileId,
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    modified: Option<SystemTime>,
}

/// Faults by path. Each is reported when it appears or changes, and again only after it was gone.
#[derive(Default)]
pub(crate) struct Troubles {
    known: HashMap<PathBuf, String>,
    met: HashSet<PathBuf>,
}

impl Troubles {
    /// Notes a fault met in this round.
    pub(crate) fn note(&mut self, path: &Path, fault: &dyn std::fmt::Display, counters: &Counters) {
        let fault = fault.to_string();
        self.met.insert(path.to_owned());
        if self.known.get(path) != Some(&fault) {
            counters.fault();
            counters.said(format_args!("{}: {fault}", path.display()));
            tracing::warn!(path = %path.display(), fault, "cannot be followed; it is tried again");
            self.known.insert(path.to_owned(), fault);
        }
    }

    /// Ends a round: what was not met in it is over.
    pub(crate) fn end_round(&mut self) {
        let met = std::mem::take(&mut self.met);
        self.known.retain(|path, _| {
            let stays = met.contains(path);
            if !stays {
                tracing::info!(path = %path.display(), "is followed again, or gone");
            }
            stays
        });
    }
}

/// The files that match, each once, the longest unchanged first (so that rotated files come before the current one).
pub(crate) fn list(globs: &[String], troubles: &mut Troubles, counters: &Counters) -> Vec<Found> {
    let mut found: HashMap<FileId, Found> = HashMap::new();
    for pattern in globs {
        let paths = match glob::glob_with(pattern, OPTIONS) {
            Ok(paths) => paths,
            Err(e) => {
                troubles.note(Path::new(pattern), &e, counters);
                continue;
            }
        };
        for path in paths {
            match path {
                Ok(path) => add(&mut found, path, troubles, counters),
                Err(e) => troubles.note(e.path(), e.error(), counters),
            }
        }
    }
    let mut found: Vec<Found> = found.into_values().collect();
    // Of two written in one tick of the clock app.log.1 is older than app.log.
    found.sort_by(|a, b| (a.modified, &b.path).cmp(&(b.modified, &a.path)));
    found
}

/// The files that a glob matches as a receiver would take them, at most `files_max`, each with whether it can be read.
pub fn readable(pattern: &str, files_max: usize) -> Result<Vec<(PathBuf, io::Result<()>)>, String> {
    let paths = glob::glob_with(pattern, OPTIONS).map_err(|e| e.to_string())?;
    let mut found = Vec::new();
    for path in paths.take(files_max) {
        match path {
            Ok(path) if is_compressed(&path) || path.is_dir() => {}
            Ok(path) => {
                let opened = open_file(&path).map(drop);
                found.push((path, opened));
            }
            Err(e) => found.push((e.path().to_owned(), Err(e.into()))),
        }
    }
    Ok(found)
}

fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|e| COMPRESSED.iter().any(|c| e.eq_ignore_ascii_case(c)))
}

fn add(found: &mut HashMap<FileId, Found>, path: PathBuf, troubles: &mut Troubles, counters: &Counters) {
    if is_compressed(&path) {
        return;
    }
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => {
            let id = FileId::of(&metadata);
            let modified = metadata.modified().ok();
            found.entry(id).or_insert(Found { id, path, size: metadata.len(), modified });
        }
        Ok(_) => {}
        // Renamed or deleted since it was listed.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => troubles.note(&path, &e, counters),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["app.log", "app.log.1", "app.log.2.gz", "app.log.3.zst", "app.log.4.XZ", "app.log.5.bz2"]
        {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let globs = [folder.path().join("app*").display().to_string()];
        let found = list(&globs, &mut Troubles::default(), &Counters::default());
        let mut names: Vec<_> = found.iter().filter_map(|f| f.path.file_name()?.to_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["app.log", "app.log.1"]);
    }
}
