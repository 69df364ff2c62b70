//! The files of the project.

use std::path::{Path, PathBuf};

/// The top of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file, as a path from the top with `/` between its parts, sorted; build output is left out.
pub(crate) fn project_files() -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).expect("a folder of the project") {
            let entry = entry.expect("an entry of a folder");
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            if matches!(name.as_str(), "target" | ".git") {
                continue;
            }
            let path = format!("{folder}{name}");
            if entry.file_type().expect("a type of file").is_dir() {
                folders.push(path + "/");
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(files.iter().any(|f| f == "Cargo.toml"), "the top of the project is not where it should be");
    files
}
