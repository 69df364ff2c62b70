//! Reading side: chunks, their row groups, and a snapshot of a store.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gastrolog_env::{Env, Mapped};
use gastrolog_format::row_group::{Header, TimeSpan};
use gastrolog_format::{Footer, RowGroupEntry};
use gastrolog_types::{Batch, Seq};

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

    /// An error that names this row group.
    pub fn error(&self, reason: impl ToString) -> ReadError {
        ReadError::new(self.file.path(), format!("row group {}", self.id.ordinal), reason)
    }
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
        let contents = OnceLock::from(Ok(Contents { footer, row_groups: row_groups.into() }));
        Chunk { summary, sealed, file, contents }
    }

    /// Its id as text, which is the name of its file without ending.
    pub fn name(&self) -> String {
        ulid::Ulid::from(self.summary.id).to_string()
    }

    /// Its file.
    pub fn file(&self) -> &Arc<ChunkFile> {
        &self.file
    }

    fn contents(&self) -> Result<&Contents, ReadError> {
        let open = || {
            let error =
                |reason: &dyn ToString| ReadError::new(self.file.path(), "footer", reason.to_string());
            let footer = match Footer::read(self.file.bytes()?) {
                Ok(Some((footer, _))) => footer,
                Ok(None) => return Err(error(&"a sealed chunk has lost its footer")),
                Err(e) => return Err(error(&e)),
            };
            let group = |(i, entry): (usize, &RowGroupEntry)| {
                let id = RowGroupId { chunk: self.summary.id, ordinal: i as u32 };
                Arc::new(RowGroup::new(id, *entry, self.file.clone()))
            };
            let row_groups = footer.row_groups.iter().enumerate().map(group).collect();
            Ok(Contents { footer: Arc::new(footer), row_groups })
        };
        self.contents.get_or_init(open).as_ref().map_err(Clone::clone)
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
