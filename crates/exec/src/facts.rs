//! Shows a snapshot to the planner.

use gastrolog_chunk::{Chunk, RowGroup, Snapshot};
use gastrolog_format::filter::FilterRef;
use gastrolog_format::row_group::Header;
use gastrolog_plan::{ChunkFacts, Facts, Plan, RowGroupFacts, TimeKind, make};
use gastrolog_query::Query;

struct Group<'a>(&'a RowGroup);

impl RowGroupFacts for Group<'_> {
    fn header(&self) -> Result<&Header, String> {
        self.0.header().map(|h| &**h).map_err(|e| e.to_string())
    }

    fn may_contain(&self, hash: u64) -> Result<bool, String> {
        let probe = |body: &[u8]| {
            let header = self.0.header().map_err(|e| e.to_string())?;
            let bytes = header.filter_bytes(body).map_err(|e| self.0.error(e).to_string())?;
            match FilterRef::read(bytes).map_err(|e| self.0.error(e).to_string())? {
                Some(filter) => filter.may_contain(hash).map_err(|e| self.0.error(e).to_string()),
                None => Ok(true),
            }
        };
        probe(self.0.body().map_err(|e| e.to_string())?)
    }
}

/// Plans a query over a snapshot.
pub fn plan_over(query: &Query, time_kind: TimeKind, snapshot: &Snapshot) -> Plan {
    let chunks = snapshot.chunks.iter().map(|chunk| chunk_facts(chunk)).collect();
    let pending_records = snapshot.pending.iter().map(|p| p.range.len() as u64).sum();
    let text = |p: &gastrolog_chunk::Pending| {
        let records = p.batch.records.get(p.range.clone()).unwrap_or(&[]);
        records.iter().map(|r| u64::from(r.end - r.start)).sum::<u64>()
    };
    let pending_bytes = snapshot.pending.iter().map(text).sum();
    make(query, time_kind, &Facts { chunks, pending_records, pending_bytes })
}

fn chunk_facts(chunk: &Chunk) -> ChunkFacts<'_> {
    ChunkFacts {
        name: chunk.name(),
        sealed: chunk.sealed,
        records: chunk.summary.records,
        file_bytes: chunk.summary.file_bytes,
        time: chunk.summary.time,
        ingest_time: chunk.summary.ingest_time,
        footer: Box::new(|| chunk.footer().map(|f| &**f).map_err(|e| e.to_string())),
        row_group: Box::new(|i| {
            let group = chunk.row_groups().ok()?.get(i)?;
            Some(Box::new(Group(group)))
        }),
    }
}
