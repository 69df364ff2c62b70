//! One file that is followed, by its open descriptor.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gastrolog_ingest::Counters;
use gastrolog_types::{Attributes, Batch, NewRecord, Timestamp};
use rustix::fs::OFlags;

use crate::assembly::{Assembly, Place};
use crate::config::FollowConfig;
use crate::decode::{Format, PlainLines};
use crate::lines::{Cut, cut};
use crate::mark::{FileId, Fingerprint, Mark, read_at};
use crate::sets::{Own, Sets};

/// Read at once; more than the longest line.
const CHUNK_BYTES: usize = 4 << 20;

/// A file under way.
pub(crate) struct Followed {
    pub(crate) id: FileId,
    /// What it was called when it was met; after a rotation its last lines still come from there.
    pub(crate) path: PathBuf,
    file: File,
    /// How far it was read; ahead of its bookmark while a batch is gathered or a record is not whole.
    mark: Mark,
    /// Since when no path leads to it.
    pub(crate) gone_since: Option<Instant>,
    /// When it last gave a line.
    pub(crate) grew: Instant,
    reading: Reading,
}

/// What becomes of lines.
enum Reading {
    /// Each is a record, with these attributes (the second set is that of truncated ones). Nothing is copied.
    Plain(Vec<Attributes>),
    /// They have a format.
    Assembled(Box<Assembly>),
}

/// What a look at a file gave.
pub(crate) enum Look {
    /// Nothing new.
    Nothing,
    /// It was truncated or overwritten: it is read from its beginning from now on. With what it had held back.
    Restarted(Batch),
    /// Records; the file's mark is behind them.
    Records(Batch),
    /// No whole record, but the mark has moved (the rest of a line that was too long).
    Moved,
}

impl Followed {
    /// Opens `path`, which must be the file `id`, at `known` if that still fits.
    pub(crate) fn open(
        config: &FollowConfig,
        format: Option<&dyn Format>,
        path: &Path,
        id: FileId,
        known: Option<Mark>,
    ) -> io::Result<Option<Followed>> {
        let file = open_file(path)?;
        let metadata = file.metadata()?;
        if FileId::of(&metadata) != id || !metadata.is_file() {
            // Renamed since it was listed; the next look will find it.
            return Ok(None);
        }
        let mark = match known {
            Some(known) if known.offset <= metadata.len() => {
                known.fingerprint.renewed(&file)?.map_or(Mark::START, |renewed| known.with(renewed))
            }
            _ => Mark::START,
        };
        let mut sets = Sets::new(&config.name, path);
        let reading = match format {
            None if config.multiline.is_none() => Reading::Plain(vec![
                sets.of(Own::default()),
                sets.of(Own { truncated: true, ..Own::default() }),
            ]),
            format => {
                let decoder = format.map_or_else(|| Box::new(PlainLines) as _, |format| format.decoder(path));
                Reading::Assembled(Box::new(Assembly::new(decoder, sets, mark.ahead, config)))
            }
        };
        let (path, grew) = (path.to_owned(), Instant::now());
        Ok(Some(Followed { id, path, file, mark, gone_since: None, grew, reading }))
    }

    /// How far it was read.
    pub(crate) fn offset(&self) -> u64 {
        self.mark.offset
    }

    /// Where to go on after a restart, once all records that it gave are stored.
    pub(crate) fn bookmark(&self) -> Mark {
        let Reading::Assembled(assembly) = &self.reading else { return self.mark };
        let (offset, ahead) = assembly.safe(self.mark.offset);
        // What is held begins with a line.
        Mark { offset, ahead, skipping: self.mark.skipping && offset == self.mark.offset, ..self.mark }
    }

    /// How much of it was read and is not part of a record yet.
    pub(crate) fn held_bytes(&self) -> usize {
        match &self.reading {
            Reading::Plain(_) => 0,
            Reading::Assembled(assembly) => assembly.held_bytes(),
        }
    }

    /// Gives what is held back as it is.
    pub(crate) fn flush(&mut self) -> Batch {
        let mut out = Batch::default();
        if let Reading::Assembled(assembly) = &mut self.reading {
            assembly.flush(&mut out);
        }
        out
    }

    /// Gives what is held back for so long already.
    pub(crate) fn flush_aged(&mut self, wait: Duration) -> Batch {
        let mut out = Batch::default();
        if let Reading::Assembled(assembly) = &mut self.reading {
            assembly.flush_aged(wait, &mut out);
        }
        out
    }

    /// Goes to the end of the file, past the line that is being written there.
    pub(crate) fn skip_to_end(&mut self) -> io::Result<()> {
        let size = self.size()?;
        let mut last = [b'\n'];
        if size > 0 {
            read_at(&self.file, &mut last, size - 1)?;
        }
        let fingerprint = Fingerprint::EMPTY.renewed(&self.file)?.unwrap_or(Fingerprint::EMPTY);
        self.mark = Mark { fingerprint, offset: size, skipping: last != [b'\n'], ..Mark::START };
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
    pub(crate) fn look(
        &mut self,
        line_bytes_max: usize,
        at_end: bool,
        now: Timestamp,
        counters: &Counters,
    ) -> io::Result<Look> {
        let left = self.size()?.saturating_sub(self.mark.offset);
        let mut chunk = vec![0; usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES)];
        let len = read_at(&self.file, &mut chunk, self.mark.offset)?;
        chunk.truncate(len);
        let same = self.mark.fingerprint.renewed(&self.file)?;
        let behind = self.mark.offset + len as u64;
        let Some(fingerprint) = same.filter(|_| self.size().is_ok_and(|size| size >= behind)) else {
            return Ok(self.restart());
        };
        self.mark.fingerprint = fingerprint;
        let cut = cut(&chunk, self.mark.skipping, line_bytes_max, at_end && len < CHUNK_BYTES);
        if cut.consumed == 0 {
            return Ok(Look::Nothing);
        }
        let batch = self.batch(chunk, &cut, now, counters);
        self.mark.offset += cut.consumed as u64;
        self.mark.skipping = cut.skipping;
        self.grew = Instant::now();
        Ok(if batch.is_empty() { Look::Moved } else { Look::Records(batch) })
    }

    fn restart(&mut self) -> Look {
        self.mark = Mark::START;
        let mut out = Batch::default();
        if let Reading::Assembled(assembly) = &mut self.reading {
            assembly.restart(&mut out);
        }
        Look::Restarted(out)
    }

    /// The records of a chunk that begins where the file was read to.
    fn batch(&mut self, text: Vec<u8>, cut: &Cut, ingest: Timestamp, counters: &Counters) -> Batch {
        let assembly = match &mut self.reading {
            Reading::Plain(_) if cut.lines.is_empty() => return Batch::default(),
            Reading::Plain(sets) => return plain(sets, text, cut, ingest),
            Reading::Assembled(assembly) => assembly,
        };
        assembly.learn();
        let mut out = Batch::default();
        for line in &cut.lines {
            let start = self.mark.offset + line.start as u64;
            let place = Place { start, truncated: line.truncated, ingest };
            let line = text.get(line.start..line.end).unwrap_or_default();
            assembly.take(line, place, counters, &mut out);
        }
        out
    }
}

/// Opens to read. A pipe that has taken the place of a file since it was listed must not be waited for.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)
}

/// Lines that are records: the chunk becomes the batch.
fn plain(sets: &[Attributes], mut text: Vec<u8>, cut: &Cut, ingest: Timestamp) -> Batch {
    // The beginning of a line that is not whole is read again, and counted then.
    text.truncate(cut.consumed);
    let records = cut.lines.iter().map(|line| NewRecord {
        start: line.start as u32,
        end: line.end as u32,
        attributes: u32::from(line.truncated),
        ingest,
        source: Timestamp::NONE,
    });
    let records: Vec<NewRecord> = records.collect();
    let used = if records.iter().any(|r| r.attributes > 0) { 2 } else { 1 };
    Batch { records, text, attributes: sets.iter().take(used).cloned().collect() }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
        let (sender, opened) = channel();
        std::thread::spawn(move || {
            let id = FileId { device: 0, inode: 0 };
            sender.send(Followed::open(&FollowConfig::default(), None, &path, id, None).unwrap().is_none())
        });
        assert_eq!(opened.recv_timeout(Duration::from_secs(10)), Ok(true));
    }

    #[test]
    fn bytes_are_counted_once_however_a_line_came() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        std::fs::write(&path, "one\ntw").unwrap();
        let (config, id) = (FollowConfig::default(), FileId::of(&std::fs::metadata(&path).unwrap()));
        let mut file = Followed::open(&config, None, &path, id, None).unwrap().unwrap();
        let mut bytes = 0;
        for text in ["one\ntwo\nthr", "one\ntwo\nthree\n"] {
            match file.look(100, false, Timestamp(1), &Counters::default()).unwrap() {
                Look::Records(batch) => bytes += batch.text.len(),
                _ => panic!("no records"),
            }
            std::fs::write(&path, text).unwrap();
        }
        assert_eq!(bytes, "one\ntwo\n".len());
    }
}
