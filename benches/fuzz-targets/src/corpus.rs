//! The corpora in `testdata/fuzz`, one folder a target.

use std::path::{Path, PathBuf};

use crate::Target;

/// The files of the project that are made to be read by tests.
pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// Where the corpus of a target is.
pub fn folder(target: &Target) -> PathBuf {
    testdata().join("fuzz").join(target.name)
}

/// The inputs of a corpus with their names, sorted.
///
/// # Errors
/// When a file cannot be read. A folder that is not there has no inputs.
pub fn read(target: &Target) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let folder = folder(target);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        inputs.push((entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path())?));
    }
    inputs.sort();
    Ok(inputs)
}

/// A file below `testdata`; nothing when it is not there.
pub(crate) fn file(path: &str) -> Vec<u8> {
    std::fs::read(testdata().join(path)).unwrap_or_default()
}

/// Every so many lines of a log in `testdata/logs`.
pub(crate) fn lines(log: &str, step: usize) -> Vec<Vec<u8>> {
    let text = file(&format!("logs/{log}"));
    text.split(|&b| b == b'\n').step_by(step).filter(|l| !l.is_empty()).map(<[u8]>::to_vec).collect()
}
