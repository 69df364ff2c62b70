//! Reading side: chunks, their row groups, and a snapshot of a store.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gastrolog_env::{Env, Mapped};
use gastrolog_format::row_group::{Header, TimeSpan};
use gastrolog_format::{ChunkHead, Footer, RowGroupEntry};
use gastrolog_types::{Batch, Seq};

use crate::scan::scan;

/// Something of a store that cannot be read: names the file, the place and the reason.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{file}: {place}: {reason}")]
pub struct ReadError {
    /// The file.
    pub file: String,
    /// Where in it (`row group 3`, `footer`, `column status of row group 3`).
    pub place: String,
    /// What is wrong.
    pub reason: String,
}

impl ReadError {
    /// An error at `place` of `file`.
    pub fn new(file: &Path, place: impl Into<String>, reason: impl ToString) -> ReadError {
        ReadError { file: file.display().to_string(), place: place.into(), reason: reason.to_string() }
    }
}

/// A chunk file, mapped when it is first read.
#[derive(Debug)]
pub struct ChunkFile {
    path: PathBuf,
    env: Env,
    mapped: OnceLock<Result<Mapped, ReadError>>,
}

impl ChunkFile {
    /// The file at `path`; not opened yet.
    pub fn new(env: &Env, path: &Path) -> Arc<ChunkFile> {
        Arc::new(ChunkFile { path: path.to_owned(), env: env.clone(), mapped: OnceLock::new() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its bytes, as many as there were when they were first asked for.
    pub fn bytes(&self) -> Result<&[u8], ReadError> {
        let map = || self.env.fs.map(&self.path).map_err(|e| ReadError::new(&self.path, "whole file", e));
        match self.mapped.get_or_init(map) {
            Ok(bytes) => Ok(bytes),
            Err(e) => Err(e.clone()),
        }
    }
}

/// Identifies a row group for as long as its store lives, whether its chunk is sealed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowGroupId {
    /// The chunk (a ULID).
    pub chunk: u128,
    /// Place in the chunk.
    pub ordinal: u32,
}

/// A row group of a chunk file. Its header is read and verified once.
#[derive(Debug)]
pub struct RowGroup {
    /// Which one.
    pub id: RowGroupId,
    /// Where it is and what it covers.
    pub entry: RowGroupEntry,
    file: Arc<ChunkFile>,
    header: OnceLock<Result<Arc<Header>, ReadError>>,
}

impl RowGroup {
    /// A row group of `file`.
    pub fn new(id: RowGroupId, entry: RowGroupEntry, file: Arc<ChunkFile>) -> RowGroup {
        RowGroup { id, entry, file, header: OnceLock::new() }
    }

    /// The same row group found in another file object (its chunk was sealed).
    pub fn with_file(&self, file: Arc<ChunkFile>) -> RowGroup {
        RowGroup { id: self.id, entry: self.entry, file, header: self.header.clone() }
    }

    fn bytes(&self) -> Result<&[u8], ReadError> {
        let range = self.entry.offset as usize..(self.entry.offset + self.entry.bytes) as usize;
        self.file.bytes()?.get(range).ok_or_else(|| self.error("the file is shorter than its directory says"))
    }

    /// Its header.
    pub fn header(&self) -> Result<&Arc<Header>, ReadError> {
        let read = || {
            let (header, len) = Header::read(self.bytes()?).map_err(|e| self.error(e))?;
            let e = &self.entry;
            let same = (header.first_seq, header.rows, len as u64) == (e.first_seq, e.rows, e.bytes);
            if same {
                Ok(Arc::new(header))
            } else {
                Err(self.error("the header is not that of the directory"))
            }
        };
        self.header.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// Its body, not verified: sections are, one by one, as they are read.
    pub fn body(&self) -> Result<&[u8], ReadError> {
        let bytes = self.bytes()?;
        let offset = Header::body_offset(bytes).map_err(|e| self.error(e))?;
        bytes.get(offset..).ok_or_else(|| self.error("the header is longer than the row group"))
    }

    /// Its filter, not verified: a filter verifies what is read of it. Found without the header.
    pub fn filter(&self) -> Result<&[u8], ReadError> {
        let bytes = self.bytes()?;
        let start = bytes.len().checked_sub(self.entry.filter_bytes as usize);
        start
            .and_then(|at| bytes.get(at..))
            .ok_or_else(|| self.error("the filter is longer than the row group"))
    }

    /// An error that names this row group.
    pub fn error(&self, reason: impl ToString) -> ReadError {
        ReadError::new(self.file.path(), format!("row group {}", self.id.ordinal), reason)
    }
}

/// The id of a chunk as people see it.
pub fn chunk_name(id: u128) -> String {
    ulid::Ulid::from(id).to_string()
}

/// What is known of a chunk without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkSummary {
    /// Its id (a ULID).
    pub id: u128,
    /// Bytes of its file.
    pub file_bytes: u64,
    /// Sequence number of its first record.
    pub first_seq: Seq,
    /// One past the sequence number of its last record.
    pub end_seq: Seq,
    /// Records in it.
    pub records: u64,
    /// Bytes of their text.
    pub raw_bytes: u64,
    /// Row groups in it.
    pub row_groups: u32,
    /// Span of source time, or ingest time where there is none.
    pub time: TimeSpan,
    /// Span of ingest time.
    pub ingest_time: TimeSpan,
    /// How often its records were written anew: 0 as they came.
    pub generation: u32,
}

impl ChunkSummary {
    /// What head and footer of a file of `file_bytes` bytes say.
    pub(crate) fn of(id: u128, generation: u32, file_bytes: u64, footer: &Footer) -> ChunkSummary {
        let groups = &footer.row_groups;
        let none = TimeSpan::of(std::iter::empty());
        let end = |g: &RowGroupEntry| g.first_seq.saturating_add(u64::from(g.rows));
        ChunkSummary {
            id,
            file_bytes,
            first_seq: groups.first().map_or(0, |g| g.first_seq),
            end_seq: groups.last().map_or(0, end),
            records: footer.rows(),
            raw_bytes: footer.raw_bytes(),
            row_groups: groups.len() as u32,
            time: groups.iter().map(|g| g.time).reduce(TimeSpan::join).unwrap_or(none),
            ingest_time: groups.iter().map(|g| g.ingest_time).reduce(TimeSpan::join).unwrap_or(none),
            generation,
        }
    }
}

/// A chunk: sealed, or as much of the active one as there was when the snapshot was made.
#[derive(Debug)]
pub struct Chunk {
    /// What is known without opening it.
    pub summary: ChunkSummary,
    /// Whether it is sealed.
    pub sealed: bool,
    file: Arc<ChunkFile>,
    contents: OnceLock<Result<Contents, ReadError>>,
}

/// The opened chunk.
#[derive(Clone, Debug)]
struct Contents {
    footer: Arc<Footer>,
    row_groups: Arc<[Arc<RowGroup>]>,
    damage: Option<ReadError>,
}

fn row_groups_of(chunk: u128, footer: &Footer, file: &Arc<ChunkFile>) -> Vec<Arc<RowGroup>> {
    let group = |(i, entry): (usize, &RowGroupEntry)| {
        Arc::new(RowGroup::new(RowGroupId { chunk, ordinal: i as u32 }, *entry, file.clone()))
    };
    footer.row_groups.iter().enumerate().map(group).collect()
}

impl Chunk {
    /// A sealed chunk; its footer is read when it is first needed.
    pub fn sealed(summary: ChunkSummary, file: Arc<ChunkFile>) -> Chunk {
        Chunk { summary, sealed: true, file, contents: OnceLock::new() }
    }

    /// A chunk whose footer and row groups are at hand.
    pub fn opened(
        summary: ChunkSummary,
        sealed: bool,
        file: Arc<ChunkFile>,
        footer: Arc<Footer>,
        row_groups: Vec<Arc<RowGroup>>,
    ) -> Chunk {
        let contents = OnceLock::from(Ok(Contents { footer, row_groups: row_groups.into(), damage: None }));
        Chunk { summary, sealed, file, contents }
    }

    /// An unsealed chunk whose row groups were found in its file.
    pub(crate) fn scanned(head: ChunkHead, footer: Footer, file: Arc<ChunkFile>) -> Chunk {
        let end = footer.row_groups.last().map_or(0, |g| g.offset + g.bytes);
        let summary = ChunkSummary::of(head.id, head.generation, end, &footer);
        let row_groups = row_groups_of(head.id, &footer, &file);
        Chunk::opened(summary, false, file, Arc::new(footer), row_groups)
    }

    /// Its id as text, which is the name of its file without ending.
    pub fn name(&self) -> String {
        chunk_name(self.summary.id)
    }

    /// Its file.
    pub fn file(&self) -> &Arc<ChunkFile> {
        &self.file
    }

    fn contents(&self) -> Result<&Contents, ReadError> {
        self.contents.get_or_init(|| self.open()).as_ref().map_err(Clone::clone)
    }

    fn open(&self) -> Result<Contents, ReadError> {
        let bytes = self.file.bytes()?;
        let reason = match Footer::read(bytes) {
            Ok(Some((footer, _))) => return Ok(self.contents_of(footer, None)),
            Ok(None) => "a sealed chunk has lost its footer".to_owned(),
            Err(e) => e.to_string(),
        };
        // The row groups do not need it: they are found by searching.
        let footer = scan(bytes).bare_footer();
        let (found, all) = (footer.rows(), self.summary.records);
        let reason = format!("{reason}; {found} of {all} records were found without it");
        let error = ReadError::new(self.file.path(), "footer", reason);
        if footer.row_groups.is_empty() { Err(error) } else { Ok(self.contents_of(footer, Some(error))) }
    }

    fn contents_of(&self, footer: Footer, damage: Option<ReadError>) -> Contents {
        let row_groups = row_groups_of(self.summary.id, &footer, &self.file).into();
        Contents { footer: Arc::new(footer), row_groups, damage }
    }

    /// What is wrong with its footer, when that is bad and the row groups were found by searching. An answer is
    /// incomplete only where `footer()?.rows()` is less than `summary.records`.
    pub fn damage(&self) -> Option<&ReadError> {
        self.contents().ok()?.damage.as_ref()
    }

    /// What it knows of its fields and row groups.
    pub fn footer(&self) -> Result<&Arc<Footer>, ReadError> {
        Ok(&self.contents()?.footer)
    }

    /// Its row groups.
    pub fn row_groups(&self) -> Result<&[Arc<RowGroup>], ReadError> {
        Ok(&self.contents()?.row_groups)
    }
}

/// Records that are durable in the log or on their way, but not yet in a row group.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Sequence number of the first of them.
    pub first_seq: Seq,
    /// The batch they came in.
    pub batch: Arc<Batch>,
    /// Which records of the batch.
    pub range: Range<usize>,
}

/// A store at one moment. Holding it keeps its files readable, even after retention removed them.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Chunks in write order; the last may be the active one.
    pub chunks: Vec<Arc<Chunk>>,
    /// Records after those, in write order.
    pub pending: Vec<Pending>,
    /// The sequence number the next record will get.
    pub next_seq: Seq,
}
