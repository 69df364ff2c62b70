//! A row group of a chunk file, and what of it is kept in memory.

use std::sync::{Arc, OnceLock};

use gastrolog_format::RowGroupEntry;
use gastrolog_format::filter::{FilterHead, LoadedFilter};
use gastrolog_format::row_group::Header;

use crate::kept::{HEADERS, Slot, header_bytes};
use crate::read::{ChunkFile, ReadError, Stretch};

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

/// A row group of a chunk file. Its header is read and verified when it is first needed, and again when it was let go
/// of meanwhile.
#[derive(Debug)]
pub struct RowGroup {
    /// Which one.
    pub id: RowGroupId,
    /// Where it is and what it covers.
    pub entry: RowGroupEntry,
    file: Arc<ChunkFile>,
    header: Arc<Slot<Opened>>,
    filter: OnceLock<Option<FilterHead>>,
}

/// A header, and where the body begins.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    header: Arc<Header>,
    body: u64,
}

impl RowGroup {
    /// A row group of `file`.
    pub fn new(id: RowGroupId, entry: RowGroupEntry, file: Arc<ChunkFile>) -> RowGroup {
        RowGroup { id, entry, file, header: Arc::default(), filter: OnceLock::new() }
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
    fn opened(&self) -> Result<Opened, ReadError> {
        if let Some(opened) = self.header.get() {
            return Ok(opened);
        }
        let opened = self.open()?;
        HEADERS.keep(&self.header, opened.clone(), header_bytes(&opened.header));
        Ok(opened)
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
    pub fn header(&self) -> Result<Arc<Header>, ReadError> {
        Ok(self.opened()?.header)
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

    #[cfg(test)]
    pub(crate) fn let_go_of_header(&self) {
        self.header.let_go();
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
