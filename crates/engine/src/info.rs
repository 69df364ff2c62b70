//! What there is: stores, chunks, what is in a chunk, and whether it is all as it was written.

use std::collections::BTreeMap;

use gastrolog_chunk::{Chunk, ReadError, RowGroup, Store, faults_of_sections};
use gastrolog_format::{Body, ChunkHead};
use gastrolog_types::Timestamp;

use crate::engine::or_default;
use crate::{ChunkDetail, ChunkInfo, ColumnDetail, Engine, EngineError, StoreInfo, VerifyReport};

impl Engine {
    pub(crate) fn store_infos(&self) -> Result<Vec<StoreInfo>, EngineError> {
        self.store_names().into_iter().map(|name| self.store_info(name)).collect()
    }

    fn store_info(&self, name: String) -> Result<StoreInfo, EngineError> {
        let store = self.store(&name)?;
        let (snapshot, trouble) = (store.snapshot(), store.trouble());
        let mut info = StoreInfo {
            name,
            trouble,
            oldest: Timestamp::NONE,
            newest: Timestamp::NONE,
            ..StoreInfo::default()
        };
        for chunk in &snapshot.chunks {
            let s = &chunk.summary;
            info.records += s.records;
            info.raw_bytes += s.raw_bytes;
            info.stored_bytes += s.file_bytes;
            info.sealed_chunks += u64::from(chunk.sealed);
            if s.records > 0 {
                info.oldest = if info.oldest.is_some() { info.oldest.min(s.time.min) } else { s.time.min };
                info.newest = info.newest.max(s.time.max);
            }
        }
        for pending in &snapshot.pending {
            info.records += pending.range.len() as u64;
            for record in pending.batch.records.get(pending.range.clone()).unwrap_or(&[]) {
                info.raw_bytes += u64::from(record.end - record.start);
                let time = record.source.or(record.ingest);
                info.newest = info.newest.max(time);
                info.oldest = if info.oldest.is_some() { info.oldest.min(time) } else { time };
            }
        }
        Ok(info)
    }

    pub(crate) fn chunk_infos(&self, store: &str) -> Result<Vec<ChunkInfo>, EngineError> {
        Ok(self.store(store)?.snapshot().chunks.iter().map(|c| chunk_info(c)).collect())
    }

    pub(crate) fn chunk_detail(&self, store: &str, name: &str) -> Result<ChunkDetail, EngineError> {
        let snapshot = self.store(store)?.snapshot();
        let wanted = name.to_ascii_uppercase();
        let mut found = snapshot.chunks.iter().filter(|c| c.name().starts_with(&wanted));
        let chunk = match (found.next(), found.next()) {
            (Some(chunk), None) => chunk,
            (None, _) => {
                return Err(EngineError::NotFound(format!(
                    "no chunk begins with {name:?}; `gastrolog chunks` lists them"
                )));
            }
            (Some(_), Some(_)) => {
                return Err(EngineError::NotFound(format!(
                    "more than one chunk begins with {name:?}; give more of its id"
                )));
            }
        };
        detail(chunk).map_err(|e| EngineError::Damaged(e.to_string()))
    }

    pub(crate) fn verify_store(
        &self,
        store: &str,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<VerifyReport, EngineError> {
        let open = self.store(store)?;
        let snapshot = open.snapshot();
        let mut report = VerifyReport { problems: open.damage(), ..VerifyReport::default() };
        report.problems.extend(open.harmless_damage());
        let reserve = Store::damage_of_reserve(&self.env, &self.root.join(or_default(store)));
        report.problems.extend(reserve.map(|damage| damage.to_string()));
        let total: u64 = snapshot.chunks.iter().map(|c| c.summary.file_bytes).sum();
        let mut done = 0;
        for chunk in &snapshot.chunks {
            report.files += 1;
            // What was read before may have become bad.
            let chunk = &chunk.unread();
            verify_ends(chunk, &mut report);
            match chunk.row_groups() {
                Err(e) => report.problems.push(e.to_string()),
                Ok(groups) => {
                    for group in groups {
                        verify_group(group, &mut report);
                        progress(done + group.entry.offset + group.entry.bytes, total);
                    }
                }
            }
            done += chunk.summary.file_bytes;
            progress(done, total);
        }
        report.records += snapshot.pending.iter().map(|p| p.range.len() as u64).sum::<u64>();
        Ok(report)
    }
}

fn chunk_info(chunk: &Chunk) -> ChunkInfo {
    let s = &chunk.summary;
    ChunkInfo {
        id: chunk.name(),
        sealed: chunk.sealed,
        records: s.records,
        row_groups: u64::from(s.row_groups),
        raw_bytes: s.raw_bytes,
        stored_bytes: s.file_bytes,
        first_seq: s.first_seq,
        oldest: s.time.min,
        newest: s.time.max,
    }
}

fn detail(chunk: &Chunk) -> Result<ChunkDetail, ReadError> {
    let footer = chunk.footer()?;
    let mut columns: BTreeMap<String, (ColumnDetail, BTreeMap<&'static str, u64>)> = BTreeMap::new();
    let mut sections: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut groups_bytes = 0;
    for group in chunk.row_groups()? {
        let header = group.header()?;
        groups_bytes += group.entry.bytes;
        *sections.entry("row group headers").or_default() += group.entry.bytes - group.body()?.len() as u64;
        let fixed = [
            ("shapes", header.shapes),
            ("shapes of rows", header.shape_ids),
            ("ingest times", header.ingest),
            ("source times", header.source),
            ("filters", header.filter),
        ];
        fixed.into_iter().for_each(|(name, s)| *sections.entry(name).or_default() += u64::from(s.len));
        for meta in &header.columns {
            *sections.entry("columns").or_default() += u64::from(meta.section.len);
            let (column, encodings) = columns.entry(meta.key.name.clone()).or_default();
            column.values += u64::from(meta.values);
            column.raw_bytes += meta.raw_bytes;
            column.stored_bytes += u64::from(meta.section.len);
            *encodings.entry(meta.encoding.name()).or_default() += 1;
        }
    }
    sections.insert("footer and head", chunk.summary.file_bytes.saturating_sub(groups_bytes));
    let mut columns: Vec<ColumnDetail> = columns
        .into_iter()
        .map(|(name, (column, encodings))| {
            let counts = footer.fields.get(&name).and_then(|f| f.counts.as_ref());
            let encodings = encodings.into_iter().map(|(e, n)| (e.to_owned(), n)).collect();
            ColumnDetail { distinct: counts.map(|c| c.len() as u64), name, encodings, ..column }
        })
        .collect();
    columns.sort_by_key(|c| std::cmp::Reverse(c.stored_bytes));
    let mut sections: Vec<(String, u64)> = sections.into_iter().map(|(n, b)| (n.to_owned(), b)).collect();
    sections.sort_by_key(|s| std::cmp::Reverse(s.1));
    Ok(ChunkDetail { info: chunk_info(chunk), columns, sections })
}

/// Checks the head and the footer of a chunk. What they say is known otherwise too, so no query needs to.
fn verify_ends(chunk: &Chunk, report: &mut VerifyReport) {
    report.problems.extend(chunk.damage().map(ToString::to_string));
    report.problems.extend(chunk.gaps().iter().map(ToString::to_string));
    let Ok(bytes) = chunk.file().head() else { return };
    let wrong = match ChunkHead::read(&bytes) {
        Ok(head) if head.id == chunk.summary.id => return,
        Ok(_) => "it is the head of another chunk".to_owned(),
        Err(e) => e.to_string(),
    };
    report.problems.push(ReadError::new(chunk.file().path(), "head", wrong).to_string());
}

/// Checks every section of a row group and decodes all of it.
fn verify_group(group: &RowGroup, report: &mut VerifyReport) {
    let (header, body) = match (group.header(), group.body()) {
        (Ok(header), Ok(body)) => (header, body),
        (Err(e), _) | (_, Err(e)) => {
            report.problems.push(e.to_string());
            return;
        }
    };
    let faults = faults_of_sections(&header, &body);
    report.problems.extend(faults.into_iter().map(|(place, why)| format!("{place}: {}", group.error(why))));
    report.bytes += group.entry.bytes;
    report.records += u64::from(header.rows);
}
