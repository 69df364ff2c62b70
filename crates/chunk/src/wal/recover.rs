//! Opening a log that is there: first every segment is checked and the torn end cut off, then the batches are handed
//! out one frame at a time.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};

use gastrolog_env::Env;
use gastrolog_format::SEQ_MAX;
use gastrolog_types::{Batch, Seq};

use super::frame::{Frame, Grown, HEADER_LEN, VERSION};
use super::scan::{Damage, Progress, Report, Scan, looks_torn, scan};
use super::writer::Segment;
use super::{DAMAGED, Result, WalError};

/// The batches that were in the log, in order; memory for one frame at a time.
///
/// An item is an error when its frame cannot be read although its checksum was right a moment ago; the items after
/// it may be good.
#[derive(Debug)]
pub struct Recovered {
    env: Env,
    report: Report,
    grown: Option<Grown>,
    waiting: VecDeque<Source>,
    current: Option<(Source, Vec<u8>)>,
}

#[derive(Debug)]
struct Source {
    path: PathBuf,
    mark: u32,
    good: VecDeque<Range<usize>>,
}

/// The segments that are kept, and the seq that comes next.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) segments: VecDeque<Segment>,
    pub(super) next_seq: Seq,
}

impl Recovered {
    /// Of a log that is not there.
    pub(super) fn empty(env: &Env) -> Recovered {
        let (report, waiting) = (Report::default(), VecDeque::new());
        Recovered { env: env.clone(), report, grown: None, waiting, current: None }
    }

    /// How far the chunk that grew was known to be durable.
    pub fn grown(&self) -> Option<Grown> {
        self.grown
    }

    /// What was found.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

/// Whether opening may change files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// The torn end is cut off, and what is found is made durable.
    Repair,
    /// Nothing is touched.
    Read,
}

/// Checks every segment of `dir`. `stored_below`: all records before it are safe elsewhere.
pub(super) fn recover(env: &Env, dir: &Path, stored_below: Seq, access: Access) -> Result<(Kept, Recovered)> {
    let names = segments_of(env, dir)?;
    let mut report = Report::default();
    let mut progress = Progress { next_seq: stored_below, floor: 0 };
    let mut segments = VecDeque::new();
    let mut waiting = VecDeque::new();
    let mut grown = None;
    let last = names.len().saturating_sub(1);
    for (i, (first_seq, path)) in names.into_iter().enumerate() {
        // The name alone says that the records before it were there, whatever has become of the content.
        progress.reach(first_seq, &mut report);
        let bytes = env.fs.read(&path)?;
        let scanned = scan(&bytes, first_seq, &mut progress, &mut report);
        let mut scanned = scanned.map_err(|newer| WalError::Version {
            path: path.clone(),
            found: newer.0,
            newest: VERSION,
        })?;
        let mut len = bytes.len();
        let torn_at = scanned.good.last().map_or(HEADER_LEN, |good| good.end);
        let is_doubtful = i == last && !looks_torn(&bytes, torn_at, scanned.mark) && torn_at < len;
        if access == Access::Repair && (is_doubtful || scanned.is_damaged(i == last)) {
            set_aside(env, &path, &bytes)?;
        }
        drop(bytes);
        if is_doubtful {
            // Whole, and not what was written. Nobody knows whether it was acknowledged.
            let (offset, bytes) = (torn_at as u64, (len - torn_at) as u64);
            report.add_damage(Damage { path: path.clone(), offset, bytes, reason: DOUBTFUL });
            report.doubtful_places += 1;
        }
        if i == last {
            len = cut_torn_end(env, &path, len, &mut scanned, &mut report, access)?;
        }
        grown = scanned.grown.or(grown);
        if len == 0 {
            continue;
        }
        add_damage(&path, &scanned, &mut report);
        report.segments += u64::from(scanned.frames > 0);
        report.frames += scanned.frames;
        report.records += scanned.records;
        let end_seq = scanned.end_seq.unwrap_or(first_seq);
        segments.push_back(Segment { path: path.clone(), end_seq, bytes: len as u64 });
        waiting.push_back(Source { path, mark: scanned.mark, good: scanned.good.into() });
    }
    let kept = Kept { segments, next_seq: progress.next_seq };
    if access == Access::Repair {
        env.fs.sync_dir(dir)?;
    }
    Ok((kept, Recovered { env: env.clone(), report, grown, waiting, current: None }))
}

/// The segments by name, in order of their first seq. Files of other names are left alone.
fn segments_of(env: &Env, dir: &Path) -> Result<Vec<(Seq, PathBuf)>> {
    let mut found = Vec::new();
    for entry in env.fs.list(dir)? {
        let seq = entry.name.to_str().and_then(|name| name.strip_suffix(".wal")).filter(|stem| is_seq(stem));
        let seq = seq.and_then(|stem| stem.parse().ok()).filter(|&seq| seq <= SEQ_MAX && !entry.is_dir);
        if let Some(seq) = seq {
            found.push((seq, dir.join(&entry.name)));
        }
    }
    found.sort();
    Ok(found)
}

fn is_seq(stem: &str) -> bool {
    stem.len() == 20 && stem.bytes().all(|b| b.is_ascii_digit())
}

/// Cuts off what the last write left unfinished, or removes the segment when there is nothing else in it. Returns
/// the length that is left, 0 for a removed one.
fn cut_torn_end(
    env: &Env,
    path: &Path,
    len: usize,
    scan: &mut Scan,
    report: &mut Report,
    access: Access,
) -> Result<usize> {
    let repair = access == Access::Repair;
    let Some(end) = scan.good.last().map(|good| good.end) else {
        let bad: usize = scan.bad.iter().map(|bad| bad.range.len()).sum();
        report.torn_bytes += bad as u64;
        if repair {
            env.fs.remove_file(path)?;
        }
        return Ok(0);
    };
    scan.bad.retain(|bad| bad.range.start < end);
    if end < len {
        report.torn_bytes += (len - end) as u64;
        if repair {
            env.fs.truncate(path, end as u64)?;
        }
    } else if repair {
        // What a killed process wrote and did not sync is seen, but may not be on disk yet. Later segments must
        // not be more durable than this one.
        env.fs.open_append(path)?.sync()?;
    }
    Ok(end)
}

/// The end of the log is whole and not what was written.
const DOUBTFUL: &str = "the end of the log is not what was written; whether it was acknowledged is not known";

/// Keeps a copy of a damaged segment: the log forgets its records once those that can be read are in a chunk.
fn set_aside(env: &Env, path: &Path, bytes: &[u8]) -> Result<()> {
    let copy = path.with_extension(DAMAGED);
    if !env.fs.exists(&copy)? {
        env.fs.write_atomic(&copy, bytes)?;
    }
    Ok(())
}

fn add_damage(path: &Path, scan: &Scan, report: &mut Report) {
    for bad in &scan.bad {
        let (offset, bytes) = (bad.range.start as u64, bad.range.len() as u64);
        report.add_damage(Damage { path: path.to_path_buf(), offset, bytes, reason: bad.reason });
    }
}

impl Iterator for Recovered {
    type Item = Result<(Seq, Batch)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((source, bytes)) = &mut self.current {
                if let Some(item) = source.next_batch(bytes) {
                    return Some(item);
                }
                self.current = None;
            }
            let source = self.waiting.pop_front()?;
            match self.env.fs.read(&source.path) {
                Ok(bytes) => self.current = Some((source, bytes)),
                Err(error) => return Some(Err(error.into())),
            }
        }
    }
}

impl Source {
    fn next_batch(&mut self, bytes: &[u8]) -> Option<Result<(Seq, Batch)>> {
        let (at, parsed) = loop {
            let range = self.good.front_mut()?;
            let at = range.start;
            let parsed = Frame::parse(bytes.get(range.clone()).unwrap_or(&[]), self.mark);
            // A frame that went bad since it was checked takes the rest of its stretch with it.
            range.start = parsed.as_ref().map_or(range.end, |frame| at + frame.len);
            if range.start >= range.end {
                self.good.pop_front();
            }
            if !parsed.as_ref().is_ok_and(|frame| frame.mark().is_some()) {
                break (at, parsed);
            }
        };
        let decoded = parsed.and_then(|frame| Ok((frame.first_seq, frame.decode()?)));
        Some(decoded.map_err(|reason| self.unreadable(at, reason)))
    }

    fn unreadable(&self, at: usize, reason: &'static str) -> WalError {
        WalError::Unreadable { path: self.path.clone(), offset: at as u64, reason }
    }
}
