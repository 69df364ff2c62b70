//! Reading side: chunks, what lies in their files, and a snapshot of a store.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gastrolog_env::{Env, EnvError, ReadFile};
use gastrolog_format::row_group::TimeSpan;
use gastrolog_format::{
    Body, CHUNK_HEAD_BYTES, ChunkHead, Corrupt, Footer, OUTSIDE, RowGroupEntry, TRAILER_BYTES,
};
use gastrolog_types::{Batch, Seq};

use crate::kept::{FOOTERS, Slot, footer_bytes};
use crate::row_group::{RowGroup, RowGroupId};
use crate::scan::{bare_footer, scan};

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
    /// Whether the disk cannot read it: see [`EnvError::is_of_the_medium`].
    pub is_of_the_medium: bool,
}

impl ReadError {
    /// An error at `place` of `file`.
    pub fn new(file: &Path, place: impl Into<String>, reason: impl ToString) -> ReadError {
        let (file, place, reason) = (file.display().to_string(), place.into(), reason.to_string());
        ReadError { file, place, reason, is_of_the_medium: false }
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

    fn error(&self, cause: EnvError) -> ReadError {
        let is_of_the_medium = cause.is_of_the_medium();
        ReadError { is_of_the_medium, ..ReadError::new(&self.path, "whole file", cause) }
    }
}

/// A stretch of a file that is read piece by piece: the body of a row group, or its filter.
#[derive(Clone, Debug)]
pub struct Stretch<'a> {
    pub(crate) file: &'a ChunkFile,
    pub(crate) offset: u64,
    pub(crate) len: usize,
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
    footer: FooterOf,
}

/// The opened chunk: what stays as it is from now on, so that a plan and what runs it mean the same row groups.
#[derive(Clone, Debug)]
struct Contents {
    row_groups: Arc<[Arc<RowGroup>]>,
    damage: Option<ReadError>,
    gaps: Vec<ReadError>,
}

/// Where the footer of a chunk is.
#[derive(Debug)]
enum FooterOf {
    /// It is in no file yet.
    Growing(Arc<Footer>),
    /// At the end of the file, and in memory while there is room.
    Sealed(Arc<Slot<Arc<Footer>>>),
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
        let footer = FooterOf::Sealed(Arc::default());
        Chunk { summary, sealed: true, file, contents: OnceLock::new(), footer }
    }

    /// A chunk that is not sealed; its footer and row groups are at hand.
    pub fn growing(
        summary: ChunkSummary,
        file: Arc<ChunkFile>,
        footer: Arc<Footer>,
        row_groups: Vec<Arc<RowGroup>>,
    ) -> Chunk {
        let contents = Contents { row_groups: row_groups.into(), damage: None, gaps: Vec::new() };
        let (contents, footer) = (OnceLock::from(contents), FooterOf::Growing(footer));
        Chunk { summary, sealed: false, file, contents, footer }
    }

    /// An unsealed chunk whose row groups were found in its file.
    pub(crate) fn scanned(head: ChunkHead, footer: Footer, file: Arc<ChunkFile>) -> Chunk {
        let end = footer.row_groups.last().map_or(0, |g| g.offset + g.bytes);
        let summary = ChunkSummary::of(head.id, head.generation, end, &footer);
        let row_groups = row_groups_of(head.id, &footer, &file);
        Chunk::growing(summary, file, Arc::new(footer), row_groups)
    }

    /// The same chunk, of whose file nothing was read yet: for who wants to see what is there now.
    pub fn unread(&self) -> Chunk {
        match &self.footer {
            FooterOf::Sealed(_) => Chunk::sealed(self.summary, self.file.clone()),
            FooterOf::Growing(footer) => {
                let row_groups = row_groups_of(self.summary.id, footer, &self.file);
                Chunk::growing(self.summary, self.file.clone(), footer.clone(), row_groups)
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn let_go_of_footer(&self) {
        if let FooterOf::Sealed(slot) = &self.footer {
            slot.let_go();
        }
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
        let (contents, footer) = self.open()?;
        let contents = self.contents.get_or_init(|| contents);
        self.keep(contents.fitting(footer));
        Ok(contents)
    }

    fn open(&self) -> Result<(Contents, Footer), ReadError> {
        let reason = match self.file.footer()? {
            Ok(Some(footer)) => return Ok((self.contents_of(&footer, None), footer)),
            Ok(None) => "a sealed chunk has lost its footer".to_owned(),
            Err(e) => e.to_string(),
        };
        // The row groups do not need it: they are found by searching.
        let footer = scan(&self.file.read_all()?).bare_footer();
        let (found, all) = (footer.rows(), self.summary.records);
        let reason = format!("{reason}; {found} of {all} records were found without it");
        let error = ReadError::new(self.file.path(), "footer", reason);
        if footer.row_groups.is_empty() {
            return Err(error);
        }
        Ok((self.contents_of(&footer, Some(error)), footer))
    }

    fn contents_of(&self, footer: &Footer, damage: Option<ReadError>) -> Contents {
        let row_groups = row_groups_of(self.summary.id, footer, &self.file).into();
        let gaps = if self.sealed { gaps(footer, self.file.path()) } else { Vec::new() };
        Contents { row_groups, damage, gaps }
    }

    /// Keeps the footer while there is room.
    fn keep(&self, footer: Footer) -> Arc<Footer> {
        let footer = Arc::new(footer);
        if let FooterOf::Sealed(slot) = &self.footer {
            FOOTERS.keep(slot, footer.clone(), footer_bytes(&footer));
        }
        footer
    }

    /// Stretches of the file that held row groups when it was written, and of which nothing can be read. An answer is
    /// incomplete without them.
    pub fn gaps(&self) -> &[ReadError] {
        self.contents().map_or(&[], |contents| &contents.gaps)
    }

    /// What is wrong with its footer, when that is bad and the row groups were found by searching. An answer is
    /// incomplete only where `rows()?` is less than `summary.records`.
    pub fn damage(&self) -> Option<&ReadError> {
        self.contents().ok()?.damage.as_ref()
    }

    /// What it knows of its fields and row groups; less of its fields than before, when it was read again and has
    /// become bad meanwhile.
    pub fn footer(&self) -> Result<Arc<Footer>, ReadError> {
        let slot = match &self.footer {
            FooterOf::Growing(footer) => return Ok(footer.clone()),
            FooterOf::Sealed(slot) => slot,
        };
        let contents = self.contents()?;
        if let Some(footer) = slot.get() {
            return Ok(footer);
        }
        let again = self.file.footer()?.ok().flatten();
        Ok(self.keep(contents.fitting(again.unwrap_or_default())))
    }

    /// How many rows its row groups have.
    pub fn rows(&self) -> Result<u64, ReadError> {
        Ok(self.row_groups()?.iter().map(|group| u64::from(group.entry.rows)).sum())
    }

    /// Its row groups.
    pub fn row_groups(&self) -> Result<&[Arc<RowGroup>], ReadError> {
        Ok(&self.contents()?.row_groups)
    }
}

impl Contents {
    /// The footer if it is of these row groups, else one that knows nothing but them.
    fn fitting(&self, footer: Footer) -> Footer {
        let entries = || self.row_groups.iter().map(|group| group.entry);
        if footer.row_groups.iter().copied().eq(entries()) {
            return footer;
        }
        bare_footer(entries())
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

impl Pending {
    /// The first `rows` records, at least one, and the others.
    pub fn split(records: &[Pending], rows: usize) -> (Vec<Pending>, Vec<Pending>) {
        let (mut first, mut others, mut left) = (Vec::new(), Vec::new(), rows.max(1));
        for pending in records.iter().filter(|pending| !pending.range.is_empty()) {
            let taken = left.min(pending.range.len());
            let (batch, middle) = (&pending.batch, pending.range.start + taken);
            let part = |first_seq, range| Pending { first_seq, batch: batch.clone(), range };
            if taken > 0 {
                first.push(part(pending.first_seq, pending.range.start..middle));
            }
            if middle < pending.range.end {
                others.push(part(pending.first_seq + taken as u64, middle..pending.range.end));
            }
            left -= taken;
        }
        (first, others)
    }
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
