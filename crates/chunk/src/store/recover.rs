//! What is found in a directory: chunks, sealed or not, and the records of the log that no chunk has. Changes no file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gastrolog_env::{Env, EnvError};
use gastrolog_format::{CHUNK_HEAD_BYTES, CHUNK_VERSION, ChunkHead, Corrupt, Footer};
use gastrolog_types::{Batch, Seq, Timestamp};

use super::StoreError;
use super::losses::{FILE_MISSING, is_among};
use super::state::end_seq;
use super::superseded::{is_superseded, set_aside};
use crate::catalog::Catalog;
use crate::scan::{Scan, scan};
use crate::wal::{self, Grown, WalError};
use crate::{Chunk, ChunkFile, ChunkSummary, Pending, ReadError};

/// What was found when a store was opened.
#[derive(Clone, Debug, Default)]
pub struct RecoveryReport {
    /// What is damaged in chunks, and found again by whoever looks again.
    pub damage: Vec<ReadError>,
    /// What is damaged or missing in chunks, and leaves no trace once a writer has put the store in order; what left none
    /// when it did so before. That of the log is in `wal`.
    pub passing: Vec<ReadError>,
    /// What is damaged and costs nothing, because it can be computed again: the catalog.
    pub harmless: Vec<ReadError>,
    /// Bytes of an interrupted write at the end of chunks: nothing in them was acknowledged by a disk that keeps its
    /// word.
    pub torn_bytes: u64,
    /// Records that no chunk has and the log had.
    pub replayed_records: u64,
    /// What was found in the log. Its missing records are no damage by themselves: a batch that went straight to a
    /// chunk and was not acknowledged leaves a gap.
    pub wal: wal::Report,
}

impl RecoveryReport {
    /// Whether nothing is damaged. A torn end is normal after a crash and no damage.
    pub fn is_whole(&self) -> bool {
        self.all_damage().is_empty() && self.harmless.is_empty() && self.wal.damaged_places == 0
    }

    /// Every damaged place of chunks and log. An answer may lack what was there.
    pub fn all_damage(&self) -> Vec<ReadError> {
        self.damage.iter().cloned().chain(self.passing_damage()).collect()
    }

    /// Those of them that leave no trace once a writer has put the store in order.
    pub(super) fn passing_damage(&self) -> Vec<ReadError> {
        let of_log =
            |d: &wal::Damage| ReadError::new(&d.path, format!("{} bytes at {}", d.bytes, d.offset), d.reason);
        self.passing.iter().cloned().chain(self.wal.damage.iter().map(of_log)).collect()
    }

    /// Adds what was lost before and has not been found again now.
    pub(super) fn recall(&mut self, losses: Vec<ReadError>) {
        let found = self.passing_damage();
        self.passing.extend(losses.into_iter().filter(|loss| !is_among(loss, &found)));
    }

    fn add(&mut self, path: &Path, place: impl Into<String>, reason: impl ToString) {
        self.damage.push(ReadError::new(path, place, reason));
    }

    fn add_passing(&mut self, path: &Path, place: impl Into<String>, reason: impl ToString) {
        self.passing.push(ReadError::new(path, place, reason));
    }
}

/// A chunk file without a footer.
pub(super) struct Unsealed {
    pub(super) path: PathBuf,
    pub(super) head: ChunkHead,
    /// Whether the file says so itself; else it is known by its name only.
    pub(super) has_head: bool,
    pub(super) file_bytes: u64,
    pub(super) scan: Scan,
    /// All of it, until it is known what of it is good.
    pub(super) content: Vec<u8>,
    /// How much of it is known to have been good.
    pub(super) durable_bytes: u64,
}

impl Unsealed {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.content
    }

    /// Says that what stands behind the last row group is the rest of one, unless it is known how long the file was: then
    /// that has been said. It counts as known now, so that what is cut off is kept.
    fn say_cut_off(&mut self, lost: &str, report: &mut RecoveryReport) {
        let rest = self.file_bytes.saturating_sub(self.scan.end as u64);
        if rest > 0 && self.durable_bytes == 0 {
            self.durable_bytes = self.file_bytes;
            let place = format!("{rest} bytes at {}", self.scan.end);
            report.add_passing(&self.path, place, format!("no row group can be read here: {lost}"));
        }
    }
}

/// A chunk file.
pub(super) enum Found {
    Sealed(ChunkSummary, PathBuf),
    Unsealed(Box<Unsealed>),
    /// The disk cannot read it, or it is another chunk's. It is left as it is.
    Unreadable(PathBuf),
}

impl Found {
    pub(super) fn seqs(&self) -> Option<(Seq, Seq)> {
        match self {
            Found::Sealed(summary, _) => {
                (summary.records > 0).then_some((summary.first_seq, summary.end_seq))
            }
            Found::Unsealed(chunk) => {
                let (first, last) = (chunk.scan.groups.first()?, chunk.scan.groups.last()?);
                Some((first.header.first_seq, last.end_seq()))
            }
            Found::Unreadable(_) => None,
        }
    }
}

/// Everything that is in the directory beside the log.
pub(super) struct Inventory {
    pub(super) chunks: Vec<Found>,
    /// The largest id that was used.
    pub(super) last_id: u128,
    /// What the catalog says that the next record gets, at least.
    pub(super) next_seq: Seq,
    /// Whether the catalog does not say what it should.
    pub(super) catalog_stale: bool,
    /// Whether there is none, or none that can be read.
    has_no_catalog: bool,
    /// Whether the catalog can be read, and every chunk that it names is there as it says.
    is_complete: bool,
    /// Files whose records are in another chunk, which was made of them.
    pub(super) superseded: Vec<PathBuf>,
    pub(super) report: RecoveryReport,
}

impl Inventory {
    /// Looks at the chunks of the store in `dir`. Those that the catalog knows are not opened.
    pub(super) fn take(env: &Env, dir: &Path) -> Result<Inventory, StoreError> {
        let mut report = RecoveryReport::default();
        let catalog_path = dir.join("catalog");
        let loaded = Catalog::load(env, &catalog_path)?;
        let has_no_catalog = !matches!(loaded, Some(Ok(_)));
        let (mut catalog_stale, mut is_complete) = (has_no_catalog, !has_no_catalog);
        let catalog = match loaded {
            Some(Ok(catalog)) => catalog,
            Some(Err(error)) => {
                report.harmless.push(ReadError::new(&catalog_path, "whole file", error));
                Catalog::default()
            }
            None => Catalog::default(),
        };
        let mut known: BTreeMap<u128, ChunkSummary> = catalog.chunks.iter().map(|c| (c.id, *c)).collect();
        let mut chunks = Vec::new();
        let files = list(env, &dir.join("chunks"))?;
        let last_id = files.last().map_or(0, |f| f.0);
        let ids: BTreeSet<u128> = files.iter().map(|f| f.0).collect();
        for (id, path, file_bytes) in files {
            let summary = known.remove(&id);
            match summary.filter(|s| s.file_bytes == file_bytes) {
                Some(summary) => chunks.push(Found::Sealed(summary, path)),
                None => {
                    catalog_stale |= summary.is_some();
                    is_complete &= summary.is_none();
                    let expected = Expected { id, summary, is_last: id == last_id, ids: &ids };
                    let found = examine(env, path, &expected, &mut report)?;
                    catalog_stale |= matches!(found, Found::Sealed(..));
                    compare(&found, summary, &mut report);
                    chunks.push(found);
                }
            }
        }
        for lost in known.values() {
            catalog_stale = true;
            if is_superseded(lost, &chunks) {
                continue;
            }
            is_complete = false;
            let path = super::active::chunk_path(&dir.join("chunks"), lost.id);
            let seqs = format!("records {} to {} are lost", lost.first_seq, lost.end_seq);
            report.add_passing(&path, "whole file", format!("{FILE_MISSING}: {seqs}"));
        }
        for sub in ["chunks", "wal"] {
            name_damaged(env, &dir.join(sub), &mut report)?;
        }
        let superseded = set_aside(&mut chunks);
        catalog_stale |= !superseded.is_empty();
        let next_seq = catalog.next_seq;
        let mut inventory = Inventory {
            chunks,
            last_id,
            next_seq,
            catalog_stale,
            has_no_catalog,
            is_complete,
            superseded,
            report,
        };
        inventory.clip();
        inventory.find_cut_off();
        Ok(inventory)
    }

    /// Compares what was found with what the log knows of the chunk that grew. What lacks of that is no interrupted
    /// write: it was durable.
    pub(super) fn expect(&mut self, grown: Option<Grown>, log: &wal::Report, dir: &Path) {
        self.find_cut_off_last(grown, grown.is_some() || log.segments > 0);
        let Some(Grown { chunk: id, bytes, end_seq }) = grown else { return };
        self.next_seq = self.next_seq.max(end_seq);
        let end = self.end_seq();
        let lost = format!("records {end} to {end_seq} are lost");
        let mut grew = self.chunks.iter_mut().filter_map(|found| match found {
            Found::Unsealed(chunk) if chunk.head.id == id => Some(chunk),
            _ => None,
        });
        if let Some(chunk) = grew.next() {
            chunk.durable_bytes = bytes;
            let good = chunk.scan.end as u64;
            if good < bytes {
                let place = format!("{} bytes at {good}", bytes - good);
                let what = "no row group can be read here";
                if end < end_seq {
                    self.report.add_passing(&chunk.path, place, format!("{what}: {lost}"));
                } else {
                    self.report.add(&chunk.path, place, format!("{what}: nothing is lost"));
                }
            }
        } else if id > self.last_id && end < end_seq {
            // A chunk that was made later has a larger id, be it of the same records.
            let path = super::active::chunk_path(&dir.join("chunks"), id);
            self.report.add_passing(&path, "whole file", format!("{FILE_MISSING}: {lost}"));
        }
    }

    /// Where an unsealed chunk reaches into the next one, the next one is right: a write failed, and its records went
    /// there.
    fn clip(&mut self) {
        let mut later = Seq::MAX;
        for chunk in self.chunks.iter_mut().rev() {
            if let Found::Unsealed(chunk) = chunk {
                chunk.scan.clip(later);
            }
            later = chunk.seqs().map_or(later, |(first, _)| first);
        }
    }

    /// Whether there is nothing to say how long chunks were, though some were sealed: as in a copy without the catalog.
    fn lacks_catalog(&self) -> bool {
        self.has_no_catalog && self.chunks.iter().any(|found| matches!(found, Found::Sealed(..)))
    }

    /// Names the chunks that end in bytes which are no row group where the next one begins too late, should there be no
    /// catalog that knows how long they were.
    fn find_cut_off(&mut self) {
        if !self.lacks_catalog() {
            return;
        }
        let seqs: Vec<_> = self.chunks.iter().map(Found::seqs).collect();
        for (i, found) in self.chunks.iter_mut().enumerate() {
            let Found::Unsealed(chunk) = found else { continue };
            let (before, behind) = seqs.split_at(i + 1);
            let end = before.iter().flatten().map(|s| s.1).max().unwrap_or(0);
            let next = behind.iter().flatten().map(|s| s.0).min().unwrap_or(end);
            if end < next {
                chunk.say_cut_off(&format!("records {end} to {next} may be lost"), &mut self.report);
            }
        }
    }

    /// Names the last chunk where it is no interrupted write that it ends in: the log says that all was sealed, or there
    /// is no log that would say that it was being begun.
    fn find_cut_off_last(&mut self, grown: Option<Grown>, log_is_there: bool) {
        let end = self.end_seq();
        let was_sealed =
            grown.is_some_and(|grown| grown.chunk == 0 && grown.end_seq > end) && !self.is_complete;
        let lacks_catalog = !log_is_there && self.lacks_catalog();
        let Some(Found::Unsealed(chunk)) = self.chunks.last_mut() else { return };
        if was_sealed || lacks_catalog && chunk.scan.groups.is_empty() {
            chunk.say_cut_off(&format!("records from {end} on may be lost"), &mut self.report);
        }
    }

    /// One past the last record that is, or was, in a chunk: the log may still have those that retention removed.
    pub(super) fn stored_below(&self, grown: Option<Grown>) -> Seq {
        let sealed = grown.filter(|grown| grown.chunk == 0 && self.is_complete).map(|grown| grown.end_seq);
        self.end_seq().max(sealed.unwrap_or(0))
    }

    /// One past the last record in a chunk.
    pub(super) fn end_seq(&self) -> Seq {
        self.chunks.iter().filter_map(Found::seqs).map(|(_, end)| end).max().unwrap_or(0)
    }

    /// The last unsealed chunk that has records, if nothing comes after it: its last row group may not have been
    /// made durable before a crash.
    fn last_unsealed(&mut self) -> Option<&mut Unsealed> {
        match self.chunks.iter_mut().rev().find(|c| c.seqs().is_some())? {
            Found::Unsealed(chunk) => Some(chunk),
            Found::Sealed(..) | Found::Unreadable(_) => None,
        }
    }

    /// The last row group, if it is there in length and not in content.
    pub(super) fn doubtful(&mut self) -> Option<Doubt> {
        let chunk = self.last_unsealed()?;
        let last = chunk.scan.groups.last()?;
        let reason = last.verify(chunk.bytes()).err()?;
        let place = format!("row group {}", chunk.scan.groups.len() - 1);
        let (first_seq, end_seq) = (last.header.first_seq, last.end_seq());
        Some(Doubt { first_seq, end_seq, error: ReadError::new(&chunk.path, place, reason) })
    }

    /// Decides what becomes of a doubtful row group: what the log has replaces it, else it stays for what is good in
    /// it. `pending` are the records of the log from its first on.
    pub(super) fn resolve(&mut self, doubt: Doubt, pending: &mut Vec<Pending>) {
        self.next_seq = self.next_seq.max(doubt.end_seq);
        let within = |p: &Pending| end_seq(p).min(doubt.end_seq).saturating_sub(p.first_seq);
        let held: u64 = pending.iter().map(within).sum();
        // Else it is what an interrupted write leaves, and no reason to say anything.
        let was_durable =
            self.last_unsealed().is_some_and(|chunk| chunk.scan.end as u64 <= chunk.durable_bytes);
        if held > 0 {
            if let Some(chunk) = self.last_unsealed() {
                chunk.scan.pop();
            }
        } else {
            skip_stored(pending, doubt.end_seq);
        }
        if held < doubt.end_seq - doubt.first_seq {
            self.report.damage.push(doubt.error);
        } else if was_durable {
            self.report.harmless.push(doubt.error);
        }
    }

    /// The chunks as they can be read without changing them.
    pub(super) fn readable(self, env: &Env) -> Vec<Arc<Chunk>> {
        let mut chunks = Vec::new();
        for found in self.chunks {
            match found {
                Found::Sealed(summary, path) => {
                    chunks.push(Arc::new(Chunk::sealed(summary, ChunkFile::new(env, &path))));
                }
                Found::Unsealed(chunk) if !chunk.scan.groups.is_empty() => chunks.push(Arc::new(
                    Chunk::scanned(chunk.head, chunk.scan.bare_footer(), ChunkFile::new(env, &chunk.path)),
                )),
                Found::Unsealed(_) | Found::Unreadable(_) => {}
            }
        }
        chunks
    }
}

/// A row group that may not have been made durable before a crash.
pub(super) struct Doubt {
    pub(super) first_seq: Seq,
    end_seq: Seq,
    error: ReadError,
}

/// The chunk files by id, which is write order.
pub(super) fn list(env: &Env, dir: &Path) -> Result<Vec<(u128, PathBuf, u64)>, EnvError> {
    let mut found = Vec::new();
    for entry in env.fs.list(dir)? {
        let stem = entry.name.to_str().and_then(|name| name.strip_suffix(".chunk"));
        if let Some(id) = stem.and_then(|s| ulid::Ulid::from_string(s).ok()).filter(|_| !entry.is_dir) {
            found.push((id.0, dir.join(&entry.name), entry.bytes));
        }
    }
    found.sort();
    Ok(found)
}

/// Names the files that were set aside, so that somebody looks at them: the store does not need them.
fn name_damaged(env: &Env, dir: &Path, report: &mut RecoveryReport) -> Result<(), EnvError> {
    if !env.fs.exists(dir)? {
        return Ok(());
    }
    for entry in env.fs.list(dir)? {
        let path = dir.join(&entry.name);
        if path.extension().is_some_and(|e| e == wal::DAMAGED) {
            let reason = "a damaged file was set aside; what could be read of it is in the store";
            report.harmless.push(ReadError::new(&path, "whole file", reason));
        }
    }
    Ok(())
}

/// When a chunk was made, as its name says.
pub(super) fn created_of(id: u128) -> Timestamp {
    let ms = i64::try_from(ulid::Ulid::from(id).timestamp_ms()).unwrap_or(i64::MAX);
    Timestamp(ms.saturating_mul(1_000_000))
}

/// What a chunk file should be.
struct Expected<'a> {
    /// As its name says.
    id: u128,
    /// As the catalog says.
    summary: Option<ChunkSummary>,
    is_last: bool,
    /// Of all chunk files.
    ids: &'a BTreeSet<u128>,
}

/// Reads a chunk file of which the catalog does not say what it is.
fn examine(
    env: &Env,
    path: PathBuf,
    expected: &Expected<'_>,
    report: &mut RecoveryReport,
) -> Result<Found, StoreError> {
    let &Expected { id, summary, is_last, ids } = expected;
    let file = ChunkFile::new(env, &path);
    let (start, file_bytes, footer) = match ends_of(&file) {
        Ok(ends) => ends,
        Err(error) if error.is_of_the_medium => return Ok(leave(path, error.reason, report)),
        Err(error) => return Err(EnvError::new("read", &path, std::io::Error::other(error.reason)).into()),
    };
    if is_newer(&start) {
        return Err(StoreError::Version { path });
    }
    let head = ChunkHead::read(&start).ok();
    if let Some(other) = head.filter(|head| head.id != id && ids.contains(&head.id)) {
        // Its records would be there twice.
        if let Some(lost) = summary {
            let seqs = format!("records {} to {} are lost", lost.first_seq, lost.end_seq);
            report.add_passing(&path, "whole file", seqs);
        }
        return Ok(leave(path, format!("it holds chunk {}", ulid::Ulid(other.id)), report));
    }
    let head = head.filter(|head| head.id == id);
    match footer {
        Ok(Some(footer)) => {
            let generation = head.map_or(0, |head| head.generation);
            return Ok(Found::Sealed(ChunkSummary::of(id, generation, file_bytes, &footer), path));
        }
        // Half a footer at the end of the last chunk is what a crash leaves.
        Err(error) if !is_last => report.add(&path, "footer", error),
        Ok(None) | Err(_) => {}
    }
    let content = match env.fs.read(&path) {
        Err(error) if error.is_of_the_medium() => return Ok(leave(path, error.to_string(), report)),
        content => content?,
    };
    let scan = scan(&content);
    if head.is_none() && !scan.groups.is_empty() {
        report.add(&path, "head", "it is not the head of this chunk");
    }
    for bad in &scan.bad {
        let place = format!("{} bytes at {}", bad.len(), bad.start);
        report.add_passing(&path, place, "no row group can be read here");
    }
    let created = created_of(id);
    Ok(Found::Unsealed(Box::new(Unsealed {
        has_head: head.is_some(),
        head: head.unwrap_or(ChunkHead { id, created, generation: 0 }),
        path,
        file_bytes,
        scan,
        content,
        durable_bytes: summary.map_or(0, |s| s.file_bytes),
    })))
}

/// The head of a chunk file, its length, and its footer if it is sealed.
fn ends_of(file: &ChunkFile) -> Result<Ends, ReadError> {
    Ok((file.head()?, file.len()?, file.footer()?))
}

type Ends = (Vec<u8>, u64, Result<Option<Footer>, Corrupt>);

/// A chunk that the disk cannot read, or that is not what its name says.
fn leave(path: PathBuf, reason: String, report: &mut RecoveryReport) -> Found {
    report.add(&path, "whole file", format!("{reason}; it is left as it is"));
    Found::Unreadable(path)
}

/// Whether a file has a good head of a later version.
fn is_newer(file: &[u8]) -> bool {
    let Some((covered, crc)) = file.get(..CHUNK_HEAD_BYTES).and_then(|head| head.split_last_chunk::<4>())
    else {
        return false;
    };
    let version = covered.get(8..).and_then(|rest| rest.first_chunk()).map(|v| u32::from_le_bytes(*v));
    crc32fast::hash(covered) == u32::from_le_bytes(*crc) && version.is_some_and(|v| v > CHUNK_VERSION)
}

/// Says what a file has lost since the catalog was written.
fn compare(found: &Found, summary: Option<ChunkSummary>, report: &mut RecoveryReport) {
    let Some(summary) = summary else { return };
    let (path, records) = match found {
        Found::Sealed(now, path) => (path, now.records),
        Found::Unsealed(chunk) => (&chunk.path, chunk.scan.records()),
        Found::Unreadable(_) => return,
    };
    if records < summary.records {
        let lost = summary.records - records;
        report.add_passing(path, "whole file", format!("{lost} of {} records are lost", summary.records));
    }
}

/// The batches of the log from `stored_below` on.
pub(super) fn take_pending(
    batches: impl Iterator<Item = wal::Result<(Seq, Batch)>>,
    stored_below: Seq,
    report: &mut RecoveryReport,
) -> Result<Vec<Pending>, WalError> {
    let mut pending = Vec::new();
    for item in batches {
        match item {
            Ok((first_seq, batch)) => {
                let range = 0..batch.len();
                let mut one = vec![Pending { first_seq, batch: Arc::new(batch), range }];
                skip_stored(&mut one, stored_below);
                pending.append(&mut one);
            }
            Err(WalError::Unreadable { path, offset, reason }) => {
                report.add_passing(&path, format!("frame at {offset}"), reason);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(pending)
}

/// Drops the records before `stored_below`.
pub(super) fn skip_stored(pending: &mut Vec<Pending>, stored_below: Seq) {
    for p in pending.iter_mut() {
        let stored = stored_below.saturating_sub(p.first_seq).min(p.range.len() as u64);
        p.first_seq += stored;
        p.range.start += stored as usize;
    }
    pending.retain(|p| !p.range.is_empty());
}
