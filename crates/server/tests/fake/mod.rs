//! A small service in memory, for tests of the wire and of the command line: it understands just enough of a query
//! to tell calls apart.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "only tests use it")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gastrolog_engine::*;
use gastrolog_ingest::Accepted;
use gastrolog_types::{Attributes, Batch, Record, Timestamp};

/// Records in memory, and what happened to calls.
#[derive(Default)]
pub struct Fake {
    records: Mutex<Vec<Record>>,
    /// Set when a query saw that it was cancelled, or that its reader had left.
    pub was_cancelled: AtomicBool,
    /// Set when `slow` has begun.
    pub started: AtomicBool,
    /// The last query that was asked.
    pub asked: Mutex<Option<QueryRequest>>,
}

impl Fake {
    /// Puts a record in.
    pub fn add(&self, text: &[u8], source: i64, attributes: &[(&str, &[u8])]) {
        let mut records = self.records.lock().unwrap();
        let seq = records.len() as u64;
        let attributes = Attributes::new(attributes.iter().map(|(n, v)| (*n, *v)));
        let (source, ingest) = (Timestamp(source), Timestamp(1_700_000_000_000_000_000 + seq as i64));
        records.push(Record { seq, source, ingest, attributes, text: text.to_vec() });
    }

    /// The texts, in order.
    pub fn texts(&self) -> Vec<Vec<u8>> {
        self.records.lock().unwrap().iter().map(|r| r.text.clone()).collect()
    }

    /// The records, in order.
    pub fn records(&self) -> Vec<Record> {
        self.records.lock().unwrap().clone()
    }

    /// Waits until `flag` is set; `false` after a minute.
    pub fn wait_for(flag: &AtomicBool) -> bool {
        let until = Instant::now() + Duration::from_secs(60);
        while !flag.load(Ordering::SeqCst) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        flag.load(Ordering::SeqCst)
    }

    fn slow(&self, request: &QueryRequest, cancel: &Cancel) -> Result<QueryEnd, EngineError> {
        self.started.store(true, Ordering::SeqCst);
        let began = Instant::now();
        while !cancel.is_cancelled() {
            if request.timeout_ms.is_some_and(|ms| began.elapsed() > Duration::from_millis(ms)) {
                return Err(EngineError::Cancelled("the query took longer than it may".into()));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.was_cancelled.store(true, Ordering::SeqCst);
        Err(EngineError::Cancelled("cancelled".into()))
    }

    /// A record with computed fields, near a match; and an end that says all there is to say.
    pub fn computed(out: AnswerSink<'_>) -> Result<QueryEnd, EngineError> {
        let record = Record {
            seq: 3,
            source: Timestamp(1_760_104_536_000_000_000),
            ingest: Timestamp(1_760_104_536_500_000_000),
            attributes: Attributes::new([("host", &b"a"[..])]),
            text: b"took=5 x=y".to_vec(),
        };
        let computed = [
            ("text", Value::Text(b"t\xff".to_vec())),
            ("took", Value::Int(-6)),
            ("half", Value::Float(2.5)),
            ("at", Value::Time(Timestamp(1_760_104_536_000_000_001))),
            ("none", Value::Null),
        ];
        let found = FoundRecord {
            record,
            fields: vec![("took".into(), b"5".to_vec()), ("x".into(), b"y".to_vec())],
            computed: computed.map(|(n, v)| (n.to_owned(), v)).to_vec(),
            context: Some(InContext { stretch: 7, matched: true }),
        };
        out(Answer::Notice("2 records were missed".into()));
        out(Answer::Record(FoundRecord { context: None, ..found.clone() }));
        out(Answer::Record(FoundRecord { computed: vec![], ..found }));
        Ok(QueryEnd {
            matched: 9,
            returned: 2,
            bytes_read: 3,
            elapsed_ns: 4,
            damage: vec!["d".into()],
            more: true,
            resume: "0a0b".into(),
            notes: vec!["n1".into(), "n2".into()],
        })
    }

    fn table(out: AnswerSink<'_>) -> Result<QueryEnd, EngineError> {
        let rows = [
            vec![Value::Text(b"GET".to_vec()), Value::Int(120), Value::Float(0.5)],
            vec![Value::Text(b"a,\"b\"\n\xff".to_vec()), Value::Null, Value::Float(2.0)],
        ];
        out(Answer::Columns(vec!["method".into(), "count()".into(), "avg(d)".into()]));
        for row in rows {
            out(Answer::Row(row));
        }
        Ok(QueryEnd { matched: 122, returned: 2, bytes_read: 10, elapsed_ns: 1, ..Default::default() })
    }
}

impl Service for Fake {
    fn append(&self, store: &str, batch: Batch) -> Result<Accepted, EngineError> {
        if store == "full" {
            return Err(EngineError::Unavailable("disk full".into()));
        }
        let mut records = self.records.lock().unwrap();
        let first_seq = records.len() as u64;
        for (i, r) in batch.records.iter().enumerate() {
            records.push(Record {
                seq: first_seq + i as u64,
                source: r.source,
                ingest: r.ingest,
                attributes: batch.attributes[r.attributes as usize].clone(),
                text: batch.text_of(i).to_vec(),
            });
        }
        Ok(Accepted::stored(first_seq, batch.len() as u64))
    }

    fn query(&self, q: &QueryRequest, cancel: &Cancel, out: AnswerSink<'_>) -> Result<QueryEnd, EngineError> {
        *self.asked.lock().unwrap() = Some(q.clone());
        match q.query.as_str() {
            "computed" => return Fake::computed(out),
            "bad" => return Err(EngineError::BadQuery("expected a filter\n  bad\n  ^".into())),
            "slow" => return self.slow(q, cancel),
            "table" => return Fake::table(out),
            "gone" => return Err(EngineError::NotFound(format!("no store named {}", q.store))),
            _ => {}
        }
        let mut found: Vec<Record> = self.records.lock().unwrap().clone();
        found.retain(|r| q.query == "*" || String::from_utf8_lossy(&r.text).contains(&q.query));
        if !q.oldest_first {
            found.reverse();
        }
        let mut end = QueryEnd { elapsed_ns: 5, ..Default::default() };
        if q.query == "damaged" {
            end.damage.push("chunk 01X: row group 3: checksum".into());
        }
        end.more = q.limit.is_some_and(|n| found.len() as u64 > n);
        for record in found.into_iter().take(q.limit.unwrap_or(u64::MAX) as usize) {
            let fields = if q.with_fields { vec![("status".into(), b"500".to_vec())] } else { vec![] };
            end.matched += 1;
            end.returned += 1;
            if !out(Answer::Record(FoundRecord { record, fields, computed: vec![], context: None })) {
                self.was_cancelled.store(true, Ordering::SeqCst);
                break;
            }
        }
        Ok(end)
    }

    fn explain(&self, q: &QueryRequest, analyze: bool, _: &Cancel) -> Result<ExplainNode, EngineError> {
        let leaf = |n: &str| ExplainNode {
            title: n.into(),
            facts: vec![("bytes".into(), Fact::Bytes(3_500_000)), ("rows".into(), Fact::Count(1200))],
            children: vec![],
        };
        let mut facts = vec![("query".into(), Fact::Text(q.query.clone()))];
        if analyze {
            facts.push(("time".into(), Fact::Nanos(1_500_000)));
        }
        let mut scan = leaf("scan");
        scan.children.push(leaf("chunk 01A"));
        Ok(ExplainNode { title: "query".into(), facts, children: vec![scan, leaf("sort")] })
    }

    fn fields(&self, _: &QueryRequest, _: &Cancel) -> Result<FieldList, EngineError> {
        let status = FieldInfo {
            name: "status".into(),
            values: 7,
            kind: "integer".into(),
            distinct: Some(2),
            distinct_at_least: true,
        };
        let host = FieldInfo { name: "host".into(), values: 3, ..Default::default() };
        Ok(FieldList {
            fields: vec![status, host],
            records: 7,
            damage: vec!["chunk X: footer: bad".into()],
            notes: vec!["not all".into()],
        })
    }

    fn values(&self, r: &ValuesRequest) -> Result<ValueList, EngineError> {
        let mut values = vec![(b"500".to_vec(), 5), (b"5\xff".to_vec(), 2)];
        values.retain(|(v, _)| v.starts_with(r.prefix.as_bytes()));
        values.truncate(r.limit.unwrap_or(100) as usize);
        let damage = if r.field == "status" { Vec::new() } else { vec!["chunk X: row group 3: bad".into()] };
        Ok(ValueList { values, exact: damage.is_empty(), damage })
    }

    fn follow(
        &self,
        q: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError> {
        let mut seen = 0;
        self.started.store(true, Ordering::SeqCst);
        while !cancel.is_cancelled() {
            let fresh: Vec<Record> = self.records.lock().unwrap().iter().skip(seen).cloned().collect();
            seen += fresh.len();
            for record in fresh {
                if !out(Answer::Record(FoundRecord {
                    record,
                    fields: vec![],
                    computed: vec![],
                    context: None,
                })) {
                    self.was_cancelled.store(true, Ordering::SeqCst);
                    return Ok(QueryEnd::default());
                }
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.was_cancelled.store(true, Ordering::SeqCst);
        Err(EngineError::Cancelled(q.query.clone()))
    }

    fn stores(&self) -> Result<Vec<StoreInfo>, EngineError> {
        let records = self.records.lock().unwrap().len() as u64;
        let info = StoreInfo { name: "default".into(), records, raw_bytes: 5_000_000, ..Default::default() };
        Ok(vec![StoreInfo {
            stored_bytes: 400_000,
            oldest: Timestamp::NONE,
            newest: Timestamp(1_760_104_536_000_000_000),
            ..info
        }])
    }

    fn chunks(&self, store: &str) -> Result<Vec<ChunkInfo>, EngineError> {
        if store == "none" {
            return Err(EngineError::NotFound("no store named none".into()));
        }
        let chunk = ChunkInfo { id: "01J".into(), sealed: true, records: 7, ..Default::default() };
        Ok(vec![chunk.clone(), ChunkInfo { id: "01K".into(), sealed: false, ..chunk }])
    }

    fn inspect(&self, _: &str, chunk: &str) -> Result<ChunkDetail, EngineError> {
        let info = ChunkInfo { id: chunk.into(), records: 7, ..Default::default() };
        let column = ColumnDetail {
            name: "status".into(),
            encodings: vec![("dictionary".into(), 3), ("constant".into(), 1)],
            values: 7,
            raw_bytes: 21,
            stored_bytes: 4,
            distinct: Some(2),
        };
        Ok(ChunkDetail { info, columns: vec![column], sections: vec![("columns".into(), 40)] })
    }

    fn usage(&self, store: &str) -> Result<StoreUsage, EngineError> {
        if store == "none" {
            return Err(EngineError::NotFound("no store named none".into()));
        }
        let field = FieldUsage {
            name: "status".into(),
            values: 7,
            raw_bytes: 21,
            stored_bytes: 4,
            encodings: vec![("dictionary".into(), 3)],
            distinct: Some(2),
            listed_in_chunks: 1,
            in_chunks: 2,
            footer_bytes: 10,
            queries: 5,
            chunks_pruned: 1,
            row_groups_pruned: 9,
        };
        let index = IndexUsage {
            name: "filters".into(),
            stored_bytes: 11,
            chunks_pruned: 0,
            row_groups_pruned: 9,
            chunks_answered: 3,
        };
        let since = Timestamp(1_760_104_536_000_000_000);
        let (fields, indexes) = (vec![field.clone(), FieldUsage { distinct: None, ..field }], vec![index]);
        Ok(StoreUsage { chunks: 2, stored_bytes: 40, since, queries: 6, fields, indexes })
    }

    fn verify(&self, store: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport, EngineError> {
        progress(1, 2);
        progress(2, 2);
        let problems = if store == "broken" { vec!["01J.chunk: byte 4096: checksum".into()] } else { vec![] };
        Ok(VerifyReport { files: 2, bytes: 2, records: 7, problems })
    }

    fn seal(&self, _: &str) -> Result<Vec<String>, EngineError> {
        Ok(vec!["01K".into()])
    }

    fn compact(
        &self,
        store: &str,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<CompactReport, EngineError> {
        if store == "endless" {
            while progress(1, 2) {
                std::thread::sleep(Duration::from_millis(1));
            }
            self.was_cancelled.store(true, Ordering::SeqCst);
            return Ok(CompactReport::default());
        }
        progress(2, 2);
        Ok(CompactReport {
            chunks_before: 3,
            chunks_after: 1,
            records: 7,
            raw_bytes: 900,
            bytes_before: 300,
            bytes_after: 200,
            left: vec!["01J: row group 1: a section does not match its checksum".into()],
        })
    }
}
