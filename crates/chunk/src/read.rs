//! Reading side: chunks, their row groups, and a snapshot of a store.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gastrolog_env::{Env, ReadFile};
use gastrolog_format::filter::{FilterHead, LoadedFilter};
use gastrolog_format::row_group::{Header, TimeSpan};
use gastrolog_format::{
    Body, CHUNK_HEAD_BYTES, ChunkHead, Corrupt, Footer, OUTSIDE, RowGroupEntry, TRAILER_BYTES,
};
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

/// A chunk file, opened when it is first read.
#[derive(Debug)]
pub struct ChunkFile {
    path: PathBuf,
    env: Env,
    opened: OnceLock<Arc<dyn ReadFile>>,
}

impl ChunkFile {
    /// The file at `path`; not opened yet.
    pub fn new(env: &Env, path: &Path) -> Arc<ChunkFile> {
        Arc::new(ChunkFile { path: path.to_owned(), env: env.clone(), opened: OnceLock::new() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file. A failure is not remembered: the disk may work again, or descriptors be free.
    fn open(&self) -> Result<&Arc<dyn ReadFile>, ReadError> {
        if let Some(file) = self.opened.get() {
            return Ok(file);
        }
        let file = self.env.fs.open_read(&self.path).map_err(|e| self.error(e))?;
        Ok(self.opened.get_or_init(|| file))
    }

    /// How many bytes it had when it was opened.
    pub fn len(&self) -> Result<u64, ReadError> {
        Ok(self.open()?.len())
    }

    /// Whether it was empty then.
    pub fn is_empty(&self) -> Result<bool, ReadError> {
        Ok(self.len()? == 0)
    }

    /// `len` bytes from `offset` on.
    pub fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, ReadError> {
        self.open()?.read_at(offset, len).map_err(|e| self.error(e))
    }

    /// Its head.
    pub fn head(&self) -> Result<Vec<u8>, ReadError> {
        self.read(0, self.len()?.min(CHUNK_HEAD_BYTES as u64) as usize)
    }

    /// All of it, for search where something is damaged.
    fn read_all(&self) -> Result<Vec<u8>, ReadError> {
        self.read(0, usize::try_from(self.len()?).unwrap_or(usize::MAX))
    }

    /// The footer; nothing when the file is not sealed.
    pub(crate) fn footer(&self) -> Result<Result<Option<Footer>, Corrupt>, ReadError> {
        let len = self.len()?;
        let Some(at) = len.checked_sub(TRAILER_BYTES as u64) else { return Ok(Ok(None)) };
        let trailer = self.read(at, TRAILER_BYTES)?;
        let Some(bytes) = trailer.first_chunk().and_then(Footer::end_bytes) else { return Ok(Ok(None)) };
        let Some(start) = len.checked_sub(bytes as u64) else {
            return Ok(Err(Corrupt("the footer is longer than the file")));
        };
        Ok(Footer::read_end(&self.read(start, bytes)?, len).map(Some))
    }

    /// Keeps it readable for as long as this lives, though it is removed from now on, as far as that can be done.
    pub(crate) fn hold(&self) -> Result<(), ReadError> {
        self.open()?.hold();
        Ok(())
    }

    fn error(&self, reason: impl ToString) -> ReadError {
        ReadError::new(&self.path, "whole file", reason)
    }
}

/// A stretch of a file that is read piece by piece: the body of a row group, or its filter.
#[derive(Clone, Debug)]
pub struct Stretch<'a> {
    file: &'a ChunkFile,
    offset: u64,
    len: usize,
}

/// Why a piece of a stretch cannot be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PieceError {
    /// It is not what was written.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// It cannot be read.
    #[error("{}", .0.reason)]
    Unreadable(ReadError),
}

impl Body for Stretch<'_> {
    type Error = PieceError;

    fn len(&self) -> usize {
        self.len
    }

    fn get(&self, at: usize, len: usize) -> Result<Cow<'_, [u8]>, PieceError> {
        if at.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(OUTSIDE.into());
        }
        let bytes = self.file.read(self.offset + at as u64, len).map_err(PieceError::Unreadable)?;
        Ok(Cow::Owned(bytes))
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

/// Bytes of a row group that are read for its header at first: most headers are shorter.
const HEADER_BYTES: u64 = 4096;

/// A row group of a chunk file. Its header is read and verified once.
#[derive(Debug)]
pub struct RowGroup {
    /// Which one.
    pub id: RowGroupId,
    /// Where it is and what it covers.
    pub entry: RowGroupEntry,
    file: Arc<ChunkFile>,
    header: OnceLock<Opened>,
    filter: OnceLock<Option<FilterHead>>,
}

/// A header, and where the body begins.
#[derive(Clone, Debug)]
struct Opened {
    header: Arc<Header>,
    body: u64,
}

impl RowGroup {
    /// A row group of `file`.
    pub fn new(id: RowGroupId, entry: RowGroupEntry, file: Arc<ChunkFile>) -> RowGroup {
        RowGroup { id, entry, file, header: OnceLock::new(), filter: OnceLock::new() }
    }

    /// The same row group found in another file object (its chunk was sealed).
    pub fn with_file(&self, file: Arc<ChunkFile>) -> RowGroup {
        let (header, filter) = (self.header.clone(), self.filter.clone());
        RowGroup { id: self.id, entry: self.entry, file, header, filter }
    }

    /// Its first `len` bytes, or all when there are fewer.
    fn start(&self, len: u64) -> Result<Vec<u8>, ReadError> {
        self.file
            .read(self.entry.offset, len.min(self.entry.bytes) as usize)
            .map_err(|e| self.error(e.reason))
    }

    /// A failure is not remembered: a disk may fail for a moment only.
    fn opened(&self) -> Result<&Opened, ReadError> {
        if let Some(opened) = self.header.get() {
            return Ok(opened);
        }
        let opened = self.open()?;
        Ok(self.header.get_or_init(|| opened))
    }

    fn open(&self) -> Result<Opened, ReadError> {
        let mut bytes = self.start(HEADER_BYTES)?;
        let body = Header::body_offset(&bytes).map_err(|e| self.error(e))?;
        if body > bytes.len() {
            bytes = self.start(body as u64)?;
        }
        let (header, len) = Header::parse(&bytes, self.entry.bytes).map_err(|e| self.error(e))?;
        let e = &self.entry;
        if (header.first_seq, header.rows, len as u64) != (e.first_seq, e.rows, e.bytes) {
            return Err(self.error("the header is not that of the directory"));
        }
        Ok(Opened { header: Arc::new(header), body: body as u64 })
    }

    /// Its header.
    pub fn header(&self) -> Result<&Arc<Header>, ReadError> {
        Ok(&self.opened()?.header)
    }

    /// Its body, not verified: sections are, one by one, as they are read.
    pub fn body(&self) -> Result<Stretch<'_>, ReadError> {
        let body = self.opened()?.body;
        Ok(Stretch {
            file: &self.file,
            offset: self.entry.offset + body,
            len: (self.entry.bytes - body) as usize,
        })
    }

    /// Whether a word or value of this hash may be in it, with the bytes of the filter that were read to see that;
    /// `false` is certain.
    pub fn may_contain(&self, hash: u64) -> Result<(bool, u64), ReadError> {
        let stretch = self.filter()?;
        let Some(head) = self.filter_head(&stretch)? else { return Ok((true, 0)) };
        let answer = head.may_contain(&stretch, hash).map_err(|e| self.error(e))?;
        Ok((answer, head.probe_bytes()))
    }

    /// Bytes of the filter that one question needs; 0 before the filter was asked.
    pub fn probe_bytes(&self) -> u64 {
        self.filter.get().and_then(Option::as_ref).map_or(0, FilterHead::probe_bytes)
    }

    /// All of its filter, verified; none where it would know nothing.
    pub fn load_filter(&self) -> Result<Option<LoadedFilter>, ReadError> {
        let stretch = self.filter()?;
        let head = self.filter_head(&stretch)?;
        head.map(|head| head.load(&stretch).map_err(|e| self.error(e))).transpose()
    }

    fn filter_head(&self, filter: &Stretch<'_>) -> Result<Option<FilterHead>, ReadError> {
        if let Some(head) = self.filter.get() {
            return Ok(*head);
        }
        let head = FilterHead::read(filter).map_err(|e| self.error(e))?;
        Ok(*self.filter.get_or_init(|| head))
    }

    /// Its filter, not verified: a filter verifies what is read of it. Found without the header.
    fn filter(&self) -> Result<Stretch<'_>, ReadError> {
        let len = u64::from(self.entry.filter_bytes);
        match self.entry.bytes.checked_sub(len) {
            Some(at) => Ok(Stretch { file: &self.file, offset: self.entry.offset + at, len: len as usize }),
            None => Err(self.error("the filter is longer than the row group")),
        }
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
    contents: OnceLock<Contents>,
}

/// The opened chunk.
#[derive(Clone, Debug)]
struct Contents {
    footer: Arc<Footer>,
    row_groups: Arc<[Arc<RowGroup>]>,
    damage: Option<ReadError>,
    gaps: Vec<ReadError>,
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
        let contents = OnceLock::from(Contents {
            footer,
            row_groups: row_groups.into(),
            damage: None,
            gaps: Vec::new(),
        });
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

    /// A failure is not remembered: a disk may fail for a moment only.
    fn contents(&self) -> Result<&Contents, ReadError> {
        if let Some(contents) = self.contents.get() {
            return Ok(contents);
        }
        let contents = self.open()?;
        Ok(self.contents.get_or_init(|| contents))
    }

    fn open(&self) -> Result<Contents, ReadError> {
        let reason = match self.file.footer()? {
            Ok(Some(footer)) => return Ok(self.contents_of(footer, None)),
            Ok(None) => "a sealed chunk has lost its footer".to_owned(),
            Err(e) => e.to_string(),
        };
        // The row groups do not need it: they are found by searching.
        let footer = scan(&self.file.read_all()?).bare_footer();
        let (found, all) = (footer.rows(), self.summary.records);
        let reason = format!("{reason}; {found} of {all} records were found without it");
        let error = ReadError::new(self.file.path(), "footer", reason);
        if footer.row_groups.is_empty() { Err(error) } else { Ok(self.contents_of(footer, Some(error))) }
    }

    fn contents_of(&self, footer: Footer, damage: Option<ReadError>) -> Contents {
        let row_groups = row_groups_of(self.summary.id, &footer, &self.file).into();
        let gaps = if self.sealed { gaps(&footer, self.file.path()) } else { Vec::new() };
        Contents { footer: Arc::new(footer), row_groups, damage, gaps }
    }

    /// Stretches of the file that held row groups when it was written, and of which nothing can be read. An answer is
    /// incomplete without them.
    pub fn gaps(&self) -> &[ReadError] {
        self.contents().map_or(&[], |contents| &contents.gaps)
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

/// What lies between head and row groups and is neither: row groups follow each other when they are written.
fn gaps(footer: &Footer, path: &Path) -> Vec<ReadError> {
    let (mut at, mut seq) = (CHUNK_HEAD_BYTES as u64, None);
    let mut gaps = Vec::new();
    for group in &footer.row_groups {
        if group.offset > at {
            let before = seq.map_or_else(String::new, |seq| format!(" {seq} to"));
            let reason =
                format!("no row group can be read here: records{before} {} are lost", group.first_seq);
            gaps.push(ReadError::new(path, format!("{} bytes at {at}", group.offset - at), reason));
        }
        at = group.offset + group.bytes;
        seq = Some(group.first_seq + u64::from(group.rows));
    }
    gaps
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
