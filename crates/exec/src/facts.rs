//! Shows a snapshot to the planner, and counts what that reads.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use gastrolog_chunk::{Chunk, Pending, RowGroup, Snapshot};
use gastrolog_format::Body;
use gastrolog_format::row_group::Header;
use gastrolog_plan::{ChunkFacts, Facts, Plan, RowGroupFacts, TimeKind, make};
use gastrolog_query::Query;

use crate::Cache;
use crate::filters::ChunkFilters;

struct Group<'a> {
    group: &'a RowGroup,
    filters: Arc<ChunkFilters>,
    bytes_read: &'a Cell<u64>,
    header: OnceCell<Arc<Header>>,
}

impl RowGroupFacts for Group<'_> {
    fn header(&self) -> Result<&Header, String> {
        if let Some(header) = self.header.get() {
            return Ok(header);
        }
        let header = self.group.header().map_err(|e| e.to_string())?;
        let body = self.group.body().map_or(0, |b| b.len()) as u64;
        add(self.bytes_read, self.group.entry.bytes.saturating_sub(body));
        Ok(self.header.get_or_init(|| header))
    }

    fn may_contain(&self, hash: u64) -> Result<bool, String> {
        let (answer, read) = self.filters.may_contain(self.group, hash).map_err(|e| e.to_string())?;
        add(self.bytes_read, read);
        Ok(answer)
    }
}

fn add(counter: &Cell<u64>, bytes: u64) {
    counter.set(counter.get() + bytes);
}

/// Plans a query over a snapshot.
pub fn plan_over(query: &Query, time_kind: TimeKind, snapshot: &Snapshot, cache: &Cache) -> Plan {
    plan_from(query, time_kind, snapshot, cache, 0)
}

/// Plans a query over the records of a snapshot from `first_seq` on. Row groups before it are planned without looking
/// at them: run the plan with a [`crate::Request::after`] that skips them.
pub fn plan_from(
    query: &Query,
    time_kind: TimeKind,
    snapshot: &Snapshot,
    cache: &Cache,
    first_seq: u64,
) -> Plan {
    let bytes_read = Cell::new(0);
    let facts_of = |chunk| chunk_facts(chunk, first_seq, cache, &bytes_read);
    let chunks = snapshot.chunks.iter().map(|chunk| facts_of(chunk)).collect();
    let text = |p: &Pending| {
        let records = p.batch.records.get(p.range.clone()).unwrap_or(&[]);
        records.iter().map(|r| u64::from(r.end - r.start)).sum::<u64>()
    };
    let facts = Facts {
        chunks,
        pending_records: snapshot.pending.iter().map(|p| p.range.len() as u64).sum(),
        pending_bytes: snapshot.pending.iter().map(text).sum(),
        bytes_read: &bytes_read,
    };
    make(query, time_kind, &facts)
}

fn chunk_facts<'a>(
    chunk: &'a Chunk,
    first_seq: u64,
    cache: &'a Cache,
    bytes_read: &'a Cell<u64>,
) -> ChunkFacts<'a> {
    let filters = OnceCell::new();
    ChunkFacts {
        name: chunk.name(),
        sealed: chunk.sealed,
        records: chunk.summary.records,
        file_bytes: chunk.summary.file_bytes,
        time: chunk.summary.time,
        ingest_time: chunk.summary.ingest_time,
        footer: Box::new(move || {
            let footer = chunk.footer().map_err(|e| e.to_string())?;
            if chunk.sealed {
                let groups: u64 = footer.row_groups.iter().map(|g| g.bytes).sum();
                add(bytes_read, chunk.summary.file_bytes.saturating_sub(groups));
            }
            Ok(footer)
        }),
        row_group: Box::new(move |i| {
            let groups = chunk.row_groups().ok()?;
            let group = groups.get(i)?;
            if group.entry.first_seq + u64::from(group.entry.rows) <= first_seq {
                return None;
            }
            let filters = filters.get_or_init(|| cache.filters.of(chunk.summary.id, groups.len())).clone();
            Some(Box::new(Group { group, filters, bytes_read, header: OnceCell::new() }))
        }),
    }
}
