//! What goes into the façade and what comes out of it: plain types, no behaviour.

use std::path::PathBuf;

use gastrolog_types::Timestamp;

pub use gastrolog_exec::{Answer, FoundRecord, InContext, Order, PatternTable, SideTable, Value};

/// Where the stores live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In this folder; one subfolder a store.
    Dir(PathBuf),
    /// In memory, gone when the engine is dropped.
    Memory,
}

/// Whether the engine may change the stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The one writer; fails when another process holds the lock, and says which.
    ReadWrite,
    /// Any number of readers beside a writer; they see what was durable when they opened.
    ReadOnly,
}

/// A query and how its answer is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryRequest {
    /// The query text.
    pub query: String,
    /// Which store; empty: `default`.
    pub store: String,
    /// Which time orders and bounds the records.
    pub order: Order,
    /// Oldest first instead of newest first.
    pub oldest_first: bool,
    /// At most this many records or rows; `None`: all.
    pub limit: Option<u64>,
    /// Whether records come with their fields taken apart.
    pub with_fields: bool,
    /// Stop with an error after this many milliseconds; `None`: the engine's limit, which also caps it.
    pub timeout_ms: Option<u64>,
    /// Refuse the query when it might read more bytes than this from the store, planning included; `None`: never.
    pub limit_cost_bytes: Option<u64>,
    /// Stop with an error when more bytes than these are read from the store; `None`: the engine's limit, which also
    /// caps it.
    pub read_bytes_max: Option<u64>,
    /// Stop with an error when the query holds more bytes than these in memory; likewise.
    pub memory_bytes_max: Option<u64>,
    /// Zone of times without one in the query: an IANA name or an offset (`+02:00`); empty: UTC.
    pub time_zone: String,
    /// Only records of the last so many milliseconds; a query that has bounds of its own is refused then.
    pub last_ms: Option<u64>,
    /// Tables that `lookup` stages look in: name and CSV with a head line.
    pub lookups: Vec<(String, Vec<u8>)>,
    /// Go on behind the last record of an earlier answer: [`QueryEnd::resume`] of that one; empty: from the beginning.
    pub resume: String,
}

/// How a query ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryEnd {
    /// Records that matched the filter, as far as they were counted (a limit stops the count).
    pub matched: u64,
    /// Records or rows that were returned.
    pub returned: u64,
    /// Bytes read from the store (as stored, compressed).
    pub bytes_read: u64,
    /// Wall time.
    pub elapsed_ns: u64,
    /// Parts of the store that could not be read, each named; not empty means that the answer is incomplete.
    pub damage: Vec<String>,
    /// Whether the limit left something out, or may have.
    pub more: bool,
    /// With `more`, for queries whose answer is records as they are found: what [`QueryRequest::resume`] of the next
    /// request takes. Empty otherwise.
    pub resume: String,
    /// What whoever asked should know beside the answer.
    pub notes: Vec<String>,
}

/// The fields of records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldList {
    /// Those with most values first.
    pub fields: Vec<FieldInfo>,
    /// Records looked at.
    pub records: u64,
    /// Parts of the store that could not be read, each named; not empty means that the list is incomplete.
    pub damage: Vec<String>,
    /// What whoever asked should know beside the list.
    pub notes: Vec<String>,
}

/// What there is to know about a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldInfo {
    /// Its path.
    pub name: String,
    /// Values of it; a record may have several.
    pub values: u64,
    /// What its values look like: `text`, `integer`, `number` …, or empty where that is not known.
    pub kind: String,
    /// Distinct values, where they are known.
    pub distinct: Option<u64>,
    /// Whether there may be more distinct values than these.
    pub distinct_at_least: bool,
}

/// Which values of a field are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValuesRequest {
    /// Which store; empty: `default`.
    pub store: String,
    /// Which field.
    pub field: String,
    /// Only values that begin with this.
    pub prefix: String,
    /// At most this many; `None`: 100.
    pub limit: Option<u64>,
}

/// The values of a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueList {
    /// Values and how often they occur, the most frequent first.
    pub values: Vec<(Vec<u8>, u64)>,
    /// Whether the counts are exact and no value is missing; else they are the least there is.
    pub exact: bool,
    /// Parts of the store that could not be read, each named.
    pub damage: Vec<String>,
}

/// A node of an explained plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExplainNode {
    /// What the step does (`scan`, `filter status = 500` …).
    pub title: String,
    /// What is known about it, in order; with analyze, also what happened.
    pub facts: Vec<(String, Fact)>,
    /// Steps below it.
    pub children: Vec<ExplainNode>,
}

/// A fact about a step, typed so that people and programs each get it in their form.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Words.
    Text(String),
    /// A count of rows, chunks …
    Count(u64),
    /// A number of bytes.
    Bytes(u64),
    /// A span of time.
    Nanos(u64),
}

/// What there is to know about a store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreInfo {
    /// Its name.
    pub name: String,
    /// Records in it.
    pub records: u64,
    /// Bytes of their text.
    pub raw_bytes: u64,
    /// Bytes on disk.
    pub stored_bytes: u64,
    /// Sealed chunks.
    pub sealed_chunks: u64,
    /// Times of the oldest and the newest record ([`Timestamp::NONE`] when empty).
    pub oldest: Timestamp,
    /// See `oldest`.
    pub newest: Timestamp,
    /// Why records cannot be stored now; empty: they can. It is tried again without being asked.
    pub trouble: String,
}

/// What there is to know about a chunk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChunkInfo {
    /// Its identifier (a ULID) and file name without ending.
    pub id: String,
    /// Whether it is sealed.
    pub sealed: bool,
    /// Records in it.
    pub records: u64,
    /// Row groups in it.
    pub row_groups: u64,
    /// Bytes of the records' text.
    pub raw_bytes: u64,
    /// Bytes of the file.
    pub stored_bytes: u64,
    /// Sequence number of its first record.
    pub first_seq: u64,
    /// Times of its oldest and newest record.
    pub oldest: Timestamp,
    /// See `oldest`.
    pub newest: Timestamp,
}

/// What is in a chunk, for `inspect`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChunkDetail {
    /// The chunk as a whole.
    pub info: ChunkInfo,
    /// Its columns.
    pub columns: Vec<ColumnDetail>,
    /// Bytes a kind of section, largest first (`columns`, `filter`, `templates`, `dictionaries` …).
    pub sections: Vec<(String, u64)>,
}

/// A column of a chunk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnDetail {
    /// Field path; empty for free text.
    pub name: String,
    /// Encodings used by its row groups, with how many use each.
    pub encodings: Vec<(String, u64)>,
    /// Values in it.
    pub values: u64,
    /// Bytes of the values as text.
    pub raw_bytes: u64,
    /// Bytes stored.
    pub stored_bytes: u64,
    /// Distinct values where the chunk keeps a dictionary.
    pub distinct: Option<u64>,
}

/// The result of `compact`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompactReport {
    /// Chunks that were written anew.
    pub chunks_before: u64,
    /// Chunks that took their place.
    pub chunks_after: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of the records' text.
    pub raw_bytes: u64,
    /// Bytes of the files before.
    pub bytes_before: u64,
    /// Bytes of the files after.
    pub bytes_after: u64,
    /// Chunks that were left as they are because something is wrong with them: file, place and reason.
    pub left: Vec<String>,
}

/// The result of `verify`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VerifyReport {
    /// Files looked at.
    pub files: u64,
    /// Bytes whose checksums were computed.
    pub bytes: u64,
    /// Records decoded.
    pub records: u64,
    /// What is wrong: each names file, place and reason. Empty: everything is as it was written.
    pub problems: Vec<String>,
}

/// An error of the façade, sorted by what the caller should do about it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// The query text is wrong: show it to who wrote it. Carries the rendered message with the place.
    #[error("{0}")]
    BadQuery(String),
    /// No store, chunk or such of that name.
    #[error("{0}")]
    NotFound(String),
    /// Another process holds the store; says which.
    #[error("{0}")]
    Locked(String),
    /// The query was cancelled.
    #[error("{0}")]
    Cancelled(String),
    /// The query reached a limit of time, reading or memory: says which, how far it came, and what to do.
    #[error("{0}")]
    LimitReached(String),
    /// A passing fault of the disk or a store that is shutting down: try again later.
    #[error("{0}")]
    Unavailable(String),
    /// A request that cannot be carried out as asked (read-only store, bad configuration …).
    #[error("{0}")]
    Refused(String),
    /// A file of the store is damaged or cannot be read; names it.
    #[error("{0}")]
    Damaged(String),
}
