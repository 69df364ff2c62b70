//! What a past release left behind: a chunk, a catalog, segments of a log.

use std::sync::OnceLock;

use crate::corpus::file;

/// What time it is in every store here.
pub(crate) const NOW: i64 = 1_795_000_000_000_000_000;

/// The store that a past release left behind.
const PAST: &str = "format/v1/stores/default";

/// The name of its chunk.
pub(crate) const CHUNK: &str = "chunks/01M7Y5B3GN6TZK402E6PY4XMA3.chunk";

const SEGMENTS: [&str; 3] =
    ["wal/00000000000000000140.wal", "wal/00000000000000000180.wal", "wal/00000000000000000226.wal"];

/// The chunk of the past store.
pub(crate) fn past_chunk() -> Vec<u8> {
    static CHUNK_BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    CHUNK_BYTES.get_or_init(|| file(&format!("{PAST}/{CHUNK}"))).clone()
}

/// Its catalog.
pub(crate) fn past_catalog() -> Vec<u8> {
    file(&format!("{PAST}/catalog"))
}

/// The segments of its write-ahead log, with their names.
pub(crate) fn segments() -> Vec<(String, Vec<u8>)> {
    SEGMENTS.map(|name| (name.to_owned(), file(&format!("{PAST}/{name}")))).to_vec()
}
