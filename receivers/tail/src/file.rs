//! One file that is followed, by its open descriptor.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gastrolog_types::{Attributes, Batch, NewRecord, Timestamp};

use crate::lines::{Cut, cut};
use crate::mark::{FileId, Fingerprint, Mark, read_at};

/// Read at once; more than the longest line.
const CHUNK_BYTES: usize = 4 << 20;

/// A file under way.
pub(crate) struct Followed {
    pub(crate) id: FileId,
    /// What it was called when it was met; after a rotation its last lines still come from there.
    pub(crate) path: PathBuf,
    file: File,
    /// How far it was read; ahead of its bookmark while a batch is gathered.
    pub(crate) mark: Mark,
    /// Since when no path leads to it.
    pub(crate) gone_since: Option<Instant>,
    /// When it last gave a line.
    pub(crate) grew: Instant,
    attributes: Vec<Attributes>,
}

/// What a look at a file gave.
pub(crate) enum Look {
    /// Nothing new.
    Nothing,
    /// It was truncated or overwritten: it is read from its beginning from now on.
    Restarted,
    /// Records; the file's mark is behind them.
    Records(Batch),
    /// No whole record, but the mark has moved (the rest of a line that was too long).
    Moved,
}

impl Followed {
    /// Opens `path`, which must be the file `id`, at `known` if that still fits.
    pub(crate) fn open(
        receiver: &str,
        path: &Path,
        id: FileId,
        known: Option<Mark>,
    ) -> io::Result<Option<Followed>> {
        #[expect(
            clippy::disallowed_methods,
            reason = "log files of others are outside of the store's file system"
        )]
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if FileId::of(&metadata) != id || !metadata.is_file() {
            // Renamed since it was listed; the next look will find it.
            return Ok(None);
        }
        let mark = match known {
            Some(known) if known.offset <= metadata.len() => {
                let same = known.fingerprint.renewed(&file)?;
                same.map_or(Mark::START, |fingerprint| Mark { fingerprint, ..known })
            }
            _ => Mark::START,
        };
        let base = [("receiver", receiver.as_bytes()), ("file", path.as_os_str().as_bytes())];
        let attributes = vec![Attributes::new(base), Attributes::new(base.into_iter().chain([TRUNCATED]))];
        let (path, grew) = (path.to_owned(), Instant::now());
        Ok(Some(Followed { id, path, file, mark, gone_since: None, grew, attributes }))
    }

    /// Goes to the end of the file, past the line that is being written there.
    pub(crate) fn skip_to_end(&mut self) -> io::Result<()> {
        let size = self.size()?;
        let mut last = [b'\n'];
        if size > 0 {
            read_at(&self.file, &mut last, size - 1)?;
        }
        let fingerprint = Fingerprint::EMPTY.renewed(&self.file)?.unwrap_or(Fingerprint::EMPTY);
        self.mark = Mark { fingerprint, offset: size, skipping: last != [b'\n'] };
        Ok(())
    }

    pub(crate) fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Whether all of it was read, as far as lines are whole.
    pub(crate) fn is_read(&self) -> bool {
        self.size().is_ok_and(|size| size == self.mark.offset)
    }

    /// Reads on. `at_end`: nothing more is expected, so that a last line without LF is taken too.
    ///
    /// The file is checked *after* it was read: a chunk read while it was being truncated is thrown away.
    pub(crate) fn look(&mut self, line_bytes_max: usize, at_end: bool, now: Timestamp) -> io::Result<Look> {
        let left = self.size()?.saturating_sub(self.mark.offset);
        let mut chunk = vec![0; usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES)];
        let len = read_at(&self.file, &mut chunk, self.mark.offset)?;
        chunk.truncate(len);
        let same = self.mark.fingerprint.renewed(&self.file)?;
        let behind = self.mark.offset + len as u64;
        let Some(fingerprint) = same.filter(|_| self.size().is_ok_and(|size| size >= behind)) else {
            self.mark = Mark::START;
            return Ok(Look::Restarted);
        };
        self.mark.fingerprint = fingerprint;
        let cut = cut(&chunk, self.mark.skipping, line_bytes_max, at_end && len < CHUNK_BYTES);
        if cut.consumed == 0 {
            return Ok(Look::Nothing);
        }
        self.mark =
            Mark { fingerprint, offset: self.mark.offset + cut.consumed as u64, skipping: cut.skipping };
        self.grew = Instant::now();
        Ok(if cut.lines.is_empty() { Look::Moved } else { Look::Records(self.batch(chunk, &cut, now)) })
    }

    fn batch(&self, text: Vec<u8>, cut: &Cut, ingest: Timestamp) -> Batch {
        let records = cut.lines.iter().map(|line| NewRecord {
            start: line.start as u32,
            end: line.end as u32,
            attributes: u32::from(line.truncated),
            ingest,
            source: Timestamp::NONE,
        });
        let records: Vec<NewRecord> = records.collect();
        let sets = if records.iter().any(|r| r.attributes > 0) { 2 } else { 1 };
        Batch { records, text, attributes: self.attributes.iter().take(sets).cloned().collect() }
    }
}

const TRUNCATED: (&str, &[u8]) = ("truncated", b"true");
