//! Finds the good frames of a segment, and names what is bad between them.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use gastrolog_types::Seq;

use super::frame::{
    CODEC_MARK, FRAME_HEAD_LEN, Frame, Grown, HEADER_LEN, Header, MARK_FRAME_LEN, VERSION, u32_at,
};

/// How many times its own length of a segment is read in search of the next good frame. An honest segment is read
/// once, damaged or not; made-up bytes full of marks must not take quadratic time.
const SEARCH_FACTOR: usize = 4;

/// What is read in any case: a segment whose end was cut off has to be found to hold what it held before, and its shorter length
/// must not be a reason to give up.
const SEARCH_BYTES_MIN: usize = 256 << 20;

/// How many places [`Report`] names; further ones are only counted.
const PLACES_MAX: usize = 1000;

/// Bytes of the log that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment.
    pub path: PathBuf,
    /// The first byte.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
    /// What is wrong with them.
    pub reason: &'static str,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} bytes at {}: {}", self.path.display(), self.bytes, self.offset, self.reason)
    }
}

/// What was found when the log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Segments that hold records.
    pub segments: u64,
    /// Good frames.
    pub frames: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of an interrupted write at the end, cut off. Nothing in them was acknowledged by a disk that keeps its
    /// word.
    pub torn_bytes: u64,
    /// Places that cannot be read, in order, the first thousand.
    pub damage: Vec<Damage>,
    /// How many such places there are.
    pub damaged_places: u64,
    /// How many of them may be the rest of an interrupted write: at the end of the log, with nothing that says that it
    /// had been synced.
    pub doubtful_places: u64,
    /// Records that should be there and are not, in order, the first thousand ranges.
    pub missing: Vec<Range<Seq>>,
    /// How many such records there are.
    pub missing_records: u64,
}

impl Report {
    /// Whether everything is there. A torn tail is normal after a crash and no damage.
    pub fn is_whole(&self) -> bool {
        self.damaged_places == 0 && self.missing_records == 0
    }

    pub(super) fn add_damage(&mut self, damage: Damage) {
        self.damaged_places += 1;
        if self.damage.len() < PLACES_MAX {
            self.damage.push(damage);
        }
    }

    pub(super) fn add_missing(&mut self, range: Range<Seq>) {
        self.missing_records = self.missing_records.saturating_add(range.end.saturating_sub(range.start));
        if self.missing.len() < PLACES_MAX {
            self.missing.push(range);
        }
    }
}

/// A stretch of a segment that is bad.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) range: Range<usize>,
    pub(super) reason: &'static str,
}

/// What a segment holds.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) mark: u32,
    /// Stretches of good frames, one after the other.
    pub(super) good: Vec<Range<usize>>,
    /// Stretches between them that are not.
    pub(super) bad: Vec<Bad>,
    pub(super) frames: u64,
    pub(super) records: u64,
    /// One past the last seq.
    pub(super) end_seq: Option<Seq>,
    /// What the last mark says.
    pub(super) grown: Option<Grown>,
}

/// A segment that a later release wrote.
#[derive(Debug)]
pub(super) struct NewerVersion(pub(super) u32);

/// Where the log has got to, from segment to segment.
#[derive(Debug)]
pub(super) struct Progress {
    /// The seq that should come next, counting what is safe elsewhere.
    pub(super) next_seq: Seq,
    /// One past the last seq in the log.
    pub(super) floor: Seq,
}

impl Progress {
    /// Goes on to `seq`; what lies between is missing.
    pub(super) fn reach(&mut self, seq: Seq, report: &mut Report) {
        if seq > self.next_seq {
            report.add_missing(self.next_seq..seq);
            self.next_seq = seq;
        }
    }
}

/// Looks at every frame of a segment; `first_seq` is what its name says.
pub(super) fn scan(
    bytes: &[u8],
    first_seq: Seq,
    progress: &mut Progress,
    report: &mut Report,
) -> Result<Scan, NewerVersion> {
    let mut scan = Scan::default();
    let mut search = Search::new(bytes);
    match Header::parse(bytes) {
        Ok(header) if header.version != VERSION => return Err(NewerVersion(header.version)),
        Ok(header) => {
            scan.mark = header.mark;
            if header.first_seq != first_seq {
                scan.bad(0..HEADER_LEN, "the header names another segment");
            }
        }
        Err(reason) => {
            scan.bad(0..bytes.len().min(HEADER_LEN), reason);
            scan.mark = search.guess_mark();
        }
    }
    let mut at = HEADER_LEN.min(bytes.len());
    while at < bytes.len() {
        match good_frame(bytes, at, scan.mark, progress.floor) {
            Ok(frame) => {
                progress.floor = frame.end_seq;
                progress.reach(frame.first_seq, report);
                progress.next_seq = progress.next_seq.max(frame.end_seq);
                scan.frame(at, &frame);
                at += frame.len;
            }
            Err(reason) => {
                let next = search.next_frame(at + 1, scan.mark, progress.floor).unwrap_or(bytes.len());
                scan.bad(at..next, reason);
                at = next;
            }
        }
    }
    Ok(scan)
}

/// The frame at `at`, when its seqs lie after those before it.
fn good_frame(bytes: &[u8], at: usize, mark: u32, floor: Seq) -> Result<Frame<'_>, &'static str> {
    let frame = Frame::parse(bytes.get(at..).unwrap_or(&[]), mark)?;
    if frame.first_seq < floor { Err("a frame repeats records") } else { Ok(frame) }
}

/// The unit in which a disk writes: what was not written of a file is missing, or zero in whole units.
const SECTOR_BYTES: usize = 512;

/// Whether the bad bytes from `at` to the end of a segment look like a write that was interrupted: the frame reaches
/// beyond the end, or some sector was never written. Anything else was whole once.
pub(super) fn looks_torn(bytes: &[u8], at: usize, mark: u32) -> bool {
    let tail = bytes.get(at..).unwrap_or(&[]);
    // A mark is never synced when it is written, and nothing lacks without it.
    if tail.len() <= MARK_FRAME_LEN && tail.get(FRAME_HEAD_LEN - 1).is_none_or(|&codec| codec >= CODEC_MARK) {
        return true;
    }
    let len = match (u32_at(tail, 0), u32_at(tail, 4)) {
        (Some(found), Some(len)) if found == mark => (len as usize).saturating_add(FRAME_HEAD_LEN),
        (Some(_), Some(_)) => 0,
        _ => usize::MAX,
    };
    len > tail.len() || sectors(bytes, at).any(|part| part.iter().all(|&b| b == 0))
}

/// The bytes from `at` on, by the sectors that they lie in.
fn sectors(bytes: &[u8], at: usize) -> impl Iterator<Item = &[u8]> {
    let first = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
    let (head, rest) = bytes.split_at(first.min(bytes.len()));
    std::iter::once(head.get(at..).unwrap_or(&[])).chain(rest.chunks(SECTOR_BYTES)).filter(|p| !p.is_empty())
}

/// The search for good frames behind damage, with what it may still cost.
struct Search<'a> {
    bytes: &'a [u8],
    budget_bytes: usize,
}

impl<'a> Search<'a> {
    fn new(bytes: &'a [u8]) -> Search<'a> {
        Search { bytes, budget_bytes: bytes.len().saturating_mul(SEARCH_FACTOR).max(SEARCH_BYTES_MIN) }
    }

    /// With the header damaged, the mark is taken from where it should be, if a frame proves it.
    fn guess_mark(&mut self) -> u32 {
        let candidates = [u32_at(self.bytes, HEADER_LEN), u32_at(self.bytes, 12)];
        let proven =
            candidates.into_iter().flatten().find(|&mark| self.next_frame(HEADER_LEN, mark, 0).is_some());
        proven.unwrap_or_default()
    }

    /// Where the next good frame starts, from `from` on.
    fn next_frame(&mut self, from: usize, mark: u32, floor: Seq) -> Option<usize> {
        let mark_bytes = mark.to_le_bytes();
        let finder = memchr::memmem::Finder::new(&mark_bytes);
        let mut at = from;
        loop {
            at += finder.find(self.bytes.get(at..)?)?;
            let len = (u32_at(self.bytes, at + 4)? as usize).saturating_add(FRAME_HEAD_LEN);
            if len <= self.bytes.len() - at {
                self.budget_bytes = self.budget_bytes.checked_sub(len)?;
                if good_frame(self.bytes, at, mark, floor).is_ok() {
                    return Some(at);
                }
            }
            // Not behind the mark that was found: one of equal bytes may begin within it.
            at += 1;
        }
    }
}

impl Scan {
    /// Whether something is bad that is not the end of the last segment.
    pub(super) fn is_damaged(&self, is_last: bool) -> bool {
        let end = self.good.last().map_or(0, |good| good.end);
        self.bad.iter().any(|bad| !is_last || bad.range.start < end)
    }

    fn bad(&mut self, range: Range<usize>, reason: &'static str) {
        self.bad.push(Bad { range, reason });
    }

    fn frame(&mut self, at: usize, frame: &Frame<'_>) {
        match frame.mark() {
            Some(grown) => self.grown = Some(grown),
            None => {
                self.frames += 1;
                self.records += u64::from(frame.records);
                self.end_seq = Some(frame.end_seq);
            }
        }
        match self.good.last_mut() {
            Some(last) if last.end == at => last.end += frame.len,
            _ => self.good.push(at..at + frame.len),
        }
    }
}
