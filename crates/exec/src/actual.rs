//! What happened while a query ran.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::stages::Chain;
use crate::units::Place;

/// What was done in one chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkActual {
    /// Row groups opened.
    pub row_groups: u64,
    /// Rows in them, or records the footer answered for.
    pub rows_in: u64,
    /// Rows that matched.
    pub rows_out: u64,
    /// Bytes read from the file (what the cache held is not among them).
    pub bytes_read: u64,
    /// Row groups of which the answer was kept from an earlier time; they were not opened.
    pub kept: u64,
    /// What was decoded, and what did not have to be.
    pub decoded: DecodeCounts,
    /// Time spent, by all threads together.
    pub nanos: u64,
}

/// What was decoded of row groups, and what the cache had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecodeCounts {
    /// Bytes in memory of what was decoded.
    pub bytes: u64,
    /// Columns and other parts that the cache had.
    pub cache_hits: u64,
    /// Those that it did not have.
    pub cache_misses: u64,
}

impl DecodeCounts {
    /// Adds others.
    pub fn add(&mut self, other: DecodeCounts) {
        self.bytes += other.bytes;
        self.cache_hits += other.cache_hits;
        self.cache_misses += other.cache_misses;
    }
}

/// What a condition of the filter did, over all row groups in which it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConditionActual {
    /// Rows that were left when it was asked.
    pub rows_in: u64,
    /// Rows that it left.
    pub rows_out: u64,
    /// Time spent, by all threads together.
    pub nanos: u64,
}

impl ConditionActual {
    fn add(&mut self, other: ConditionActual) {
        self.rows_in += other.rows_in;
        self.rows_out += other.rows_out;
        self.nanos += other.nanos;
    }
}

/// What a stage behind `|` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageActual {
    /// Rows that it took.
    pub rows_in: u64,
    /// Rows that it gave.
    pub rows_out: u64,
    /// Time spent, without that of the stages behind it; from a sample of the rows.
    pub nanos: u64,
}

/// What happened while a query ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actual {
    /// By place of the condition in the plan.
    pub conditions: BTreeMap<usize, ConditionActual>,
    /// By place of the stage in the query.
    pub stages: BTreeMap<usize, StageActual>,
    /// By place of the chunk in the snapshot.
    pub chunks: BTreeMap<usize, ChunkActual>,
    /// Records scanned without an index.
    pub pending_in: u64,
    /// Those of them that matched.
    pub pending_out: u64,
    /// Records or rows handed out.
    pub returned: u64,
    /// The last record handed out, when the limit ended the query and there are or may be more behind it.
    pub stopped_at: Option<Place>,
    /// What could not be read, each with file, place and reason.
    pub damage: Vec<String>,
    /// Bytes read for the tables that stages look in.
    pub side_bytes_read: u64,
}

impl Actual {
    pub(crate) fn read(
        &mut self,
        chunk: usize,
        rows_in: u64,
        rows_out: u64,
        bytes_read: u64,
        time: Duration,
    ) {
        let c = self.chunks.entry(chunk).or_default();
        c.row_groups += 1;
        c.rows_in += rows_in;
        c.rows_out += rows_out;
        c.bytes_read += bytes_read;
        c.nanos += time.as_nanos() as u64;
    }

    /// What a row group had for the same question before.
    pub(crate) fn kept(&mut self, chunk: usize, rows_in: u64, rows_out: u64) {
        let c = self.chunks.entry(chunk).or_default();
        c.kept += 1;
        c.rows_in += rows_in;
        c.rows_out += rows_out;
    }

    /// Columns read after the filter, to splice records.
    pub(crate) fn late_read(&mut self, chunk: usize, bytes: u64) {
        self.chunks.entry(chunk).or_default().bytes_read += bytes;
    }

    /// What was decoded of a chunk since it was last said.
    pub(crate) fn add_decoded(&mut self, chunk: usize, counts: DecodeCounts) {
        self.chunks.entry(chunk).or_default().decoded.add(counts);
    }

    pub(crate) fn condition(&mut self, place: usize, rows_in: u64, rows_out: u64, time: Duration) {
        let nanos = time.as_nanos() as u64;
        self.conditions.entry(place).or_default().add(ConditionActual { rows_in, rows_out, nanos });
    }

    /// What went through a chain of stages, once it has ended.
    pub(crate) fn ended(&mut self, chain: &Chain<'_>) {
        self.returned = chain.returned();
        self.stages.extend(chain.told());
    }

    /// Time that the first stage took, as a part of the scan.
    pub(crate) fn first_stage(&mut self, time: Duration) {
        self.stages.entry(0).or_default().nanos += time.as_nanos() as u64;
    }

    pub(crate) fn footer(&mut self, chunk: usize, records: u64, matched: u64) {
        let c = self.chunks.entry(chunk).or_default();
        c.rows_in += records;
        c.rows_out += matched;
    }

    pub(crate) fn pending(&mut self, records: u64, matched: u64) {
        self.pending_in += records;
        self.pending_out += matched;
    }

    pub(crate) fn merge(&mut self, other: Actual) {
        for (chunk, o) in other.chunks {
            let c = self.chunks.entry(chunk).or_default();
            c.row_groups += o.row_groups;
            c.kept += o.kept;
            c.rows_in += o.rows_in;
            c.rows_out += o.rows_out;
            c.bytes_read += o.bytes_read;
            c.decoded.add(o.decoded);
            c.nanos += o.nanos;
        }
        for (place, actual) in other.conditions {
            self.conditions.entry(place).or_default().add(actual);
        }
        for (place, o) in other.stages {
            let stage = self.stages.entry(place).or_default();
            stage.rows_in += o.rows_in;
            stage.rows_out += o.rows_out;
            stage.nanos += o.nanos;
        }
        self.pending(other.pending_in, other.pending_out);
        self.damage.extend(other.damage);
        self.side_bytes_read += other.side_bytes_read;
    }

    /// Records that matched, as far as they were counted.
    pub fn matched(&self) -> u64 {
        self.pending_out + self.chunks.values().map(|c| c.rows_out).sum::<u64>()
    }

    /// What was decoded of all chunks.
    pub fn decoded(&self) -> DecodeCounts {
        let mut all = DecodeCounts::default();
        self.chunks.values().for_each(|c| all.add(c.decoded));
        all
    }

    /// Row groups opened, or answered for by what was kept.
    pub fn row_groups(&self) -> u64 {
        self.chunks.values().map(|c| c.row_groups + c.kept).sum()
    }

    /// Bytes read from files.
    pub fn bytes_read(&self) -> u64 {
        self.side_bytes_read + self.chunks.values().map(|c| c.bytes_read).sum::<u64>()
    }
}
