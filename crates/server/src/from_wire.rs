//! Messages of the wire as types of the façade. What comes over the network is checked here.

use gastrolog_engine as engine;
use gastrolog_types::{Attributes, Batch, NewRecord, Record, Timestamp};

use crate::proto;
use crate::proto::__buffa::{oneof, view::oneof as view};

pub(crate) fn time(ns: Option<i64>) -> Timestamp {
    ns.map_or(Timestamp::NONE, Timestamp)
}

pub(crate) fn query(q: proto::QueryRequest) -> Result<engine::QueryRequest, String> {
    let order = match q.order.as_known() {
        Some(proto::Order::ORDER_SOURCE) => engine::Order::Source,
        Some(proto::Order::ORDER_INGEST) => engine::Order::Ingest,
        Some(proto::Order::ORDER_WRITE) => engine::Order::Write,
        None => return Err(format!("there is no order {}", q.order.to_i32())),
    };
    Ok(engine::QueryRequest {
        query: q.query,
        store: q.store,
        order,
        oldest_first: q.oldest_first,
        limit: q.limit,
        with_fields: q.with_fields,
        timeout_ms: q.timeout_ms,
        read_bytes_max: q.read_bytes_max,
        memory_bytes_max: q.memory_bytes_max,
        time_zone: q.time_zone,
        last_ms: q.last_ms,
        lookups: q.lookups.into_iter().map(|l| (l.name, l.csv)).collect(),
        resume: q.resume,
        limit_cost_bytes: q.limit_cost_bytes,
    })
}

fn bytes_of<'a>(value: &'a Option<view::field::Value<'a>>) -> &'a [u8] {
    match value {
        Some(view::field::Value::Text(text)) => text.as_bytes(),
        Some(view::field::Value::Raw(raw)) => raw,
        None => &[],
    }
}

/// Makes records out of messages. Neighbours mostly have the same attributes; those are made once and shared.
#[derive(Default)]
pub(crate) struct Records {
    last: Attributes,
}

impl Records {
    pub(crate) fn make(&mut self, r: &proto::RecordView<'_>) -> engine::FoundRecord {
        let text = match &r.content {
            Some(view::record::Content::Text(text)) => text.as_bytes().to_vec(),
            Some(view::record::Content::Raw(raw)) => raw.to_vec(),
            None => Vec::new(),
        };
        let record = Record {
            seq: r.seq,
            source: time(r.source_ns),
            ingest: time(r.ingest_ns),
            attributes: self.attributes(&r.attributes),
            text,
        };
        let fields = r.fields.iter().map(|f| (f.name.to_owned(), bytes_of(&f.value).to_vec())).collect();
        let computed = r.computed.iter().map(|c| {
            let value = c.value.as_option().map_or(engine::Value::Null, value);
            (c.name.to_owned(), value)
        });
        let context = r.context.as_option();
        let context = context.map(|c| engine::InContext { stretch: c.stretch, matched: c.matched });
        engine::FoundRecord { record, fields, computed: computed.collect(), context }
    }

    fn attributes(&mut self, fields: &[proto::FieldView<'_>]) -> Attributes {
        let same = self.last.len() == fields.len()
            && self.last.iter().zip(fields).all(|((n, v), f)| n == f.name && v == bytes_of(&f.value));
        if !same {
            self.last = Attributes::new(fields.iter().map(|f| (f.name, bytes_of(&f.value))));
        }
        self.last.clone()
    }
}

pub(crate) fn value(v: &proto::ValueView<'_>) -> engine::Value {
    use view::value::Kind;
    match &v.kind {
        None => engine::Value::Null,
        Some(Kind::Text(text)) => engine::Value::Text(text.as_bytes().to_vec()),
        Some(Kind::Raw(raw)) => engine::Value::Text(raw.to_vec()),
        Some(Kind::Integer(i)) => engine::Value::Int(*i),
        Some(Kind::Number(f)) => engine::Value::Float(*f),
        Some(Kind::TimeNs(t)) => engine::Value::Time(Timestamp(*t)),
    }
}

pub(crate) fn query_end(end: &proto::QueryEndView<'_>) -> engine::QueryEnd {
    engine::QueryEnd {
        matched: end.matched,
        returned: end.returned,
        bytes_read: end.bytes_read,
        elapsed_ns: end.elapsed_ns,
        damage: end.damage.iter().map(|d| (*d).to_owned()).collect(),
        more: end.more,
        resume: end.resume.to_owned(),
        notes: end.notes.iter().map(|n| (*n).to_owned()).collect(),
    }
}

pub(crate) fn plan(node: proto::PlanNode) -> engine::ExplainNode {
    use oneof::fact::Value;
    let facts = node.facts.into_iter().map(|f| {
        let fact = match f.value {
            Some(Value::Count(n)) => engine::Fact::Count(n),
            Some(Value::Bytes(n)) => engine::Fact::Bytes(n),
            Some(Value::Nanos(n)) => engine::Fact::Nanos(n),
            Some(Value::Text(t)) => engine::Fact::Text(t),
            None => engine::Fact::Text(String::new()),
        };
        (f.name, fact)
    });
    engine::ExplainNode {
        title: node.title,
        facts: facts.collect(),
        children: node.children.into_iter().map(plan).collect(),
    }
}

pub(crate) fn store(s: proto::StoreInfo) -> engine::StoreInfo {
    engine::StoreInfo {
        name: s.name,
        records: s.records,
        raw_bytes: s.raw_bytes,
        stored_bytes: s.stored_bytes,
        sealed_chunks: s.sealed_chunks,
        oldest: time(s.oldest_ns),
        newest: time(s.newest_ns),
        trouble: s.trouble,
    }
}

pub(crate) fn chunk(c: proto::ChunkInfo) -> engine::ChunkInfo {
    engine::ChunkInfo {
        id: c.id,
        sealed: c.sealed,
        records: c.records,
        row_groups: c.row_groups,
        raw_bytes: c.raw_bytes,
        stored_bytes: c.stored_bytes,
        first_seq: c.first_seq,
        oldest: time(c.oldest_ns),
        newest: time(c.newest_ns),
    }
}

pub(crate) fn counts(pairs: Vec<proto::NamedCount>) -> Vec<(String, u64)> {
    pairs.into_iter().map(|p| (p.name, p.count)).collect()
}

pub(crate) fn detail(d: proto::InspectResponse) -> engine::ChunkDetail {
    let columns = d.columns.into_iter().map(|c| engine::ColumnDetail {
        name: c.name,
        encodings: counts(c.encodings),
        values: c.values,
        raw_bytes: c.raw_bytes,
        stored_bytes: c.stored_bytes,
        distinct: c.distinct,
    });
    engine::ChunkDetail {
        info: d.info.into_option().map(chunk).unwrap_or_default(),
        columns: columns.collect(),
        sections: counts(d.sections),
    }
}

pub(crate) fn report(r: proto::VerifyReport) -> engine::VerifyReport {
    engine::VerifyReport { files: r.files, bytes: r.bytes, records: r.records, problems: r.problems }
}

pub(crate) fn fields(list: proto::FieldsResponse) -> engine::FieldList {
    let fields = list.fields.into_iter().map(|f| engine::FieldInfo {
        name: f.name,
        values: f.values,
        kind: f.kind,
        distinct: f.distinct,
        distinct_at_least: f.distinct_at_least,
    });
    engine::FieldList {
        fields: fields.collect(),
        records: list.records,
        damage: list.damage,
        notes: list.notes,
    }
}

pub(crate) fn values_request(r: proto::ValuesRequest) -> engine::ValuesRequest {
    engine::ValuesRequest { store: r.store, field: r.field, prefix: r.prefix, limit: r.limit }
}

pub(crate) fn values(list: proto::ValuesResponse) -> engine::ValueList {
    let values = list.values.into_iter().map(|v| {
        let value = match v.value {
            Some(oneof::value_count::Value::Text(text)) => text.into_bytes(),
            Some(oneof::value_count::Value::Raw(raw)) => raw,
            None => Vec::new(),
        };
        (value, v.count)
    });
    engine::ValueList { values: values.collect(), exact: list.exact, damage: list.damage }
}

fn attributes(fields: Vec<proto::Field>) -> Attributes {
    Attributes::new(fields.into_iter().map(|f| {
        let value = match f.value {
            Some(oneof::field::Value::Text(text)) => text.into_bytes(),
            Some(oneof::field::Value::Raw(raw)) => raw,
            None => Vec::new(),
        };
        (f.name, value)
    }))
}

/// The batch that `request` holds: the list first, then the packed ones. `now` for records without an arrival.
pub(crate) fn batch(request: proto::AppendRequest, now: Timestamp) -> Result<Batch, String> {
    let mut batch = match request.packed.into_option() {
        Some(packed) if request.records.is_empty() => return unpack(packed, now),
        Some(_) => return Err("send either `records` or `packed`, not both".to_owned()),
        None => Batch::default(),
    };
    for r in request.records {
        let text = match r.content {
            Some(oneof::new_record::Content::Text(text)) => text.into_bytes(),
            Some(oneof::new_record::Content::Raw(raw)) => raw,
            None => Vec::new(),
        };
        batch.push(&text, &attributes(r.attributes), now, time(r.source_ns));
    }
    Ok(batch)
}

fn unpack(packed: proto::PackedRecords, now: Timestamp) -> Result<Batch, String> {
    let count = packed.lengths.len();
    let fits = |what: &str, len: usize, or: &[usize]| {
        if len == count || or.contains(&len) {
            Ok(())
        } else {
            Err(format!("`packed.{what}` has {len} entries for {count} records"))
        }
    };
    fits("gaps", packed.gaps.len(), &[])?;
    fits("attributes", packed.attributes.len(), &[0])?;
    fits("ingest_ns", packed.ingest_ns.len(), &[0, 1])?;
    fits("source_ns", packed.source_ns.len(), &[0, 1])?;
    let mut sets: Vec<Attributes> =
        packed.attribute_sets.into_iter().map(|s| attributes(s.attributes)).collect();
    if sets.is_empty() {
        sets.push(Attributes::default());
    }
    let mut records = Vec::with_capacity(count);
    let mut at = 0u64;
    for (i, (gap, length)) in packed.gaps.iter().zip(&packed.lengths).enumerate() {
        let start = at + u64::from(*gap);
        let end = start + u64::from(*length);
        if end > packed.text.len() as u64 {
            return Err(format!("packed record {i} ends at byte {end} of {}", packed.text.len()));
        }
        let attributes = packed.attributes.get(i).copied().unwrap_or(0);
        if attributes as usize >= sets.len() {
            return Err(format!("packed record {i} names attribute set {attributes} of {}", sets.len()));
        }
        records.push(NewRecord {
            start: start as u32,
            end: end as u32,
            attributes,
            ingest: nth_time(&packed.ingest_ns, i).unwrap_or(now),
            source: nth_time(&packed.source_ns, i).unwrap_or(Timestamp::NONE),
        });
        at = end;
    }
    Ok(Batch { text: packed.text, records, attributes: sets })
}

/// The time of record `i` where one entry stands for all.
fn nth_time(times: &[i64], i: usize) -> Option<Timestamp> {
    match times {
        [] => None,
        [one] => Some(Timestamp(*one)),
        many => many.get(i).map(|t| Timestamp(*t)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::to_wire;

    #[test]
    fn a_batch_comes_back_as_it_was() {
        let file = Attributes::new([("file", &b"a\xff"[..])]);
        let mut batch = Batch::from_lines(b"one\r\n\ntwo".to_vec(), file, Timestamp(7));
        batch.push(b"\xfe", &Attributes::new([("host", &b"h"[..])]), Timestamp(8), Timestamp(9));
        let back = super::batch(to_wire::batch("s", batch.clone()), Timestamp(1)).unwrap();
        assert_eq!(back.attributes, batch.attributes);
        for i in 0..4 {
            assert_eq!(back.text_of(i), batch.text_of(i));
            let (a, b) = (back.records[i], batch.records[i]);
            assert_eq!((a.attributes, a.ingest, a.source), (b.attributes, b.ingest, b.source));
        }
    }

    #[test]
    fn lying_batches_are_refused_with_the_record() {
        let packed = |text: &[u8], gaps: Vec<u32>, lengths: Vec<u32>, attributes: Vec<u32>| {
            let p =
                proto::PackedRecords { text: text.to_vec(), gaps, lengths, attributes, ..Default::default() };
            unpack(p, Timestamp(1)).map(|b| b.len())
        };
        assert_eq!(packed(b"abc", vec![0, 1], vec![1, 1], vec![]), Ok(2));
        assert!(
            packed(b"abc", vec![0, 1], vec![1, 2], vec![]).unwrap_err().contains("record 1 ends at byte 4")
        );
        assert!(packed(b"abc", vec![0], vec![u32::MAX], vec![]).is_err());
        assert!(packed(b"abc", vec![0, 1], vec![1], vec![]).unwrap_err().contains("2 entries for 1"));
        assert!(packed(b"abc", vec![0], vec![1], vec![3]).unwrap_err().contains("attribute set 3 of 1"));
    }
}
