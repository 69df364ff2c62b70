//! A file of bookmarks: JSON with a checksum, replaced as a whole.

use std::collections::HashMap;
use std::hash::Hash;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use gastrolog_ingest::ReceiverError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A state file larger than this was not written by this program.
const STATE_BYTES_MAX: u64 = 256 << 20;
/// With a checksum since 2.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Document<T> {
    version: u32,
    /// CRC-32 of the bookmarks as JSON without spaces: a number that is another one makes lines vanish.
    #[serde(default)]
    crc32: u32,
    files: Vec<T>,
}

/// Reads the bookmarks at `path`; `None` when there is no such file: the very first start. One that cannot be understood
/// is an error: to begin anew would repeat every line.
pub fn load<T: Serialize + DeserializeOwned>(path: &Path) -> Result<Option<Vec<T>>, ReceiverError> {
    let what = format!("the state file {}", path.display());
    let bytes = match std::fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(ReceiverError::io(what)(e)),
        Ok(metadata) if metadata.len() > STATE_BYTES_MAX => {
            return Err(ReceiverError::Config(format!("{what} is larger than {STATE_BYTES_MAX} bytes")));
        }
        Ok(_) => std::fs::read(path).map_err(ReceiverError::io(what.as_str()))?,
    };
    parse(&bytes).map(Some).map_err(|why| {
        let remedy = "remove it to begin anew, which repeats what was read before";
        ReceiverError::Config(format!("{what} is damaged ({why}); {remedy}"))
    })
}

/// Writes the bookmarks: a new file beside the old one, synced, renamed over it, and the folder synced.
pub fn save<T: Serialize>(path: &Path, bookmarks: Vec<T>) -> io::Result<()> {
    let crc32 = checksum(&bookmarks)?;
    let json = serde_json::to_vec_pretty(&Document { version: VERSION, crc32, files: bookmarks })?;
    replace(path, &json)
}

fn checksum<T: Serialize>(bookmarks: &[T]) -> io::Result<u32> {
    Ok(crc32fast::hash(&serde_json::to_vec(bookmarks)?))
}

fn parse<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, String> {
    let document: Document<T> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    match document.version {
        1 => Ok(document.files),
        VERSION if checksum(&document.files).ok() == Some(document.crc32) => Ok(document.files),
        VERSION => Err("it does not match its checksum".to_owned()),
        other => Err(format!("version {other} is not known")),
    }
}

/// Bookmarks kept of what is not there any more (a file may come back under another name).
const ABSENT_MAX: usize = 4096;

/// Forgets the bookmarks of what is not there, those seen longest ago first, beyond some thousand.
pub fn forget_absent<K, B>(
    bookmarks: &mut HashMap<K, B>,
    is_present: impl Fn(&K) -> bool,
    seen_ns: impl Fn(&B) -> i64,
) where
    K: Clone + Ord + Hash,
{
    let absent = bookmarks.iter().filter(|(id, _)| !is_present(id));
    let mut absent: Vec<(i64, K)> = absent.map(|(id, bookmark)| (seen_ns(bookmark), id.clone())).collect();
    absent.sort_unstable();
    let surplus = absent.len().saturating_sub(ABSENT_MAX);
    for (_, id) in absent.into_iter().take(surplus) {
        bookmarks.remove(&id);
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
