//! What a planner may know of a store.

use std::sync::Arc;

use gastrolog_format::row_group::{Header, TimeSpan};
use gastrolog_format::{Footer, RowGroupEntry};

/// What is known of a row group. Errors are texts that name the place; a row group that cannot say something is
/// read, and reading it will report the damage.
pub trait RowGroupFacts {
    /// The header.
    fn header(&self) -> Result<&Header, String>;

    /// Whether a word or value of this hash may be in the row group; `false` is certain.
    fn may_contain(&self, hash: u64) -> Result<bool, String>;
}

/// What is known of a chunk.
pub struct ChunkFacts<'a> {
    /// Its name.
    pub name: String,
    /// Whether it is sealed.
    pub sealed: bool,
    /// Records in it.
    pub records: u64,
    /// Bytes of its file.
    pub file_bytes: u64,
    /// Span of source time (ingest where there is none).
    pub time: TimeSpan,
    /// Span of ingest time.
    pub ingest_time: TimeSpan,
    /// The footer, asked for only when times do not rule the chunk out.
    pub footer: Box<dyn Fn() -> Result<Arc<Footer>, String> + 'a>,
    /// A row group, by its place in the footer.
    pub row_group: Box<dyn Fn(usize) -> Option<Box<dyn RowGroupFacts + 'a>> + 'a>,
}

/// What is known of a store.
pub struct Facts<'a> {
    /// The chunks, in write order.
    pub chunks: Vec<ChunkFacts<'a>>,
    /// Records not yet in a row group; they are always scanned.
    pub pending_records: u64,
    /// Bytes of their text.
    pub pending_bytes: u64,
    /// Bytes read so far to say all this: footers, headers, pieces of filters.
    pub bytes_read: &'a std::cell::Cell<u64>,
}

/// The span of a row group by the kind of time a query goes by.
pub(crate) fn span_of(entry: &RowGroupEntry, kind: crate::TimeKind) -> TimeSpan {
    match kind {
        crate::TimeKind::Source => entry.time,
        crate::TimeKind::Ingest => entry.ingest_time,
    }
}
