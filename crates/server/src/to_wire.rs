//! Types of the façade as messages of the wire.

use buffa::MessageField;
use gastrolog_engine as engine;
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::proto;
use crate::proto::__buffa::oneof;

pub(crate) fn time(t: Timestamp) -> Option<i64> {
    t.is_some().then_some(t.0)
}

pub(crate) fn query(q: &engine::QueryRequest) -> proto::QueryRequest {
    let order = match q.order {
        engine::Order::Source => proto::Order::ORDER_SOURCE,
        engine::Order::Ingest => proto::Order::ORDER_INGEST,
        engine::Order::Write => proto::Order::ORDER_WRITE,
    };
    proto::QueryRequest {
        query: q.query.clone(),
        store: q.store.clone(),
        order: order.into(),
        oldest_first: q.oldest_first,
        limit: q.limit,
        with_fields: q.with_fields,
        timeout_ms: q.timeout_ms,
        read_bytes_max: q.read_bytes_max,
        memory_bytes_max: q.memory_bytes_max,
        time_zone: q.time_zone.clone(),
        last_ms: q.last_ms,
        lookups: q.lookups.iter().map(lookup).collect(),
        resume: q.resume.clone(),
        limit_cost_bytes: q.limit_cost_bytes,
        ..Default::default()
    }
}

fn lookup((name, csv): &(String, Vec<u8>)) -> proto::Lookup {
    proto::Lookup { name: name.clone(), csv: csv.clone(), ..Default::default() }
}

fn field(name: String, value: Vec<u8>) -> proto::Field {
    let value = match String::from_utf8(value) {
        Ok(text) => oneof::field::Value::Text(text),
        Err(e) => oneof::field::Value::Raw(e.into_bytes()),
    };
    proto::Field { name, value: Some(value), ..Default::default() }
}

pub(crate) fn attributes(set: &Attributes) -> Vec<proto::Field> {
    set.iter().map(|(name, value)| field(name.to_owned(), value.to_vec())).collect()
}

fn record(found: engine::FoundRecord) -> proto::Record {
    let engine::FoundRecord { record, fields, computed, context } = found;
    let computed = computed.into_iter().map(|(name, v)| proto::ComputedField {
        name,
        value: MessageField::some(value(v)),
        ..Default::default()
    });
    let context = context.map(|c| proto::RecordContext {
        stretch: c.stretch,
        matched: c.matched,
        ..Default::default()
    });
    let content = match String::from_utf8(record.text) {
        Ok(text) => oneof::record::Content::Text(text),
        Err(e) => oneof::record::Content::Raw(e.into_bytes()),
    };
    proto::Record {
        seq: record.seq,
        ingest_ns: time(record.ingest),
        source_ns: time(record.source),
        content: Some(content),
        attributes: attributes(&record.attributes),
        fields: fields.into_iter().map(|(name, value)| field(name, value)).collect(),
        computed: computed.collect(),
        context: context.map_or_else(MessageField::none, MessageField::some),
        ..Default::default()
    }
}

fn value(v: engine::Value) -> proto::Value {
    use oneof::value::Kind;
    let kind = match v {
        engine::Value::Null => None,
        engine::Value::Text(bytes) => Some(match String::from_utf8(bytes) {
            Ok(text) => Kind::Text(text),
            Err(e) => Kind::Raw(e.into_bytes()),
        }),
        engine::Value::Int(i) => Some(Kind::Integer(i)),
        engine::Value::Float(f) => Some(Kind::Number(f)),
        engine::Value::Time(t) => time(t).map(Kind::TimeNs),
    };
    proto::Value { kind, ..Default::default() }
}

/// Puts the pieces of an answer into one message.
pub(crate) fn answers(pieces: Vec<engine::Answer>) -> proto::QueryResponse {
    let mut message = proto::QueryResponse::default();
    for piece in pieces {
        match piece {
            engine::Answer::Columns(names) => {
                message.columns = MessageField::some(proto::Columns { names, ..Default::default() });
            }
            engine::Answer::Row(values) => {
                let values = values.into_iter().map(value).collect();
                message.rows.push(proto::Row { values, ..Default::default() });
            }
            engine::Answer::Notice(line) => message.notices.push(line),
            engine::Answer::Record(found) => message.records.push(record(found)),
        }
    }
    message
}

pub(crate) fn query_end(end: engine::QueryEnd, truncated: bool) -> proto::QueryEnd {
    proto::QueryEnd {
        matched: end.matched,
        returned: end.returned,
        bytes_read: end.bytes_read,
        elapsed_ns: end.elapsed_ns,
        damage: end.damage,
        truncated,
        more: end.more || truncated,
        resume: end.resume,
        notes: end.notes,
        ..Default::default()
    }
}

pub(crate) fn plan(node: engine::ExplainNode) -> proto::PlanNode {
    use oneof::fact::Value;
    let facts = node.facts.into_iter().map(|(name, fact)| {
        let value = match fact {
            engine::Fact::Text(t) => Value::Text(t),
            engine::Fact::Count(n) => Value::Count(n),
            engine::Fact::Bytes(n) => Value::Bytes(n),
            engine::Fact::Nanos(n) => Value::Nanos(n),
        };
        proto::Fact { name, value: Some(value), ..Default::default() }
    });
    proto::PlanNode {
        title: node.title,
        facts: facts.collect(),
        children: node.children.into_iter().map(plan).collect(),
        ..Default::default()
    }
}

pub(crate) fn store(s: engine::StoreInfo) -> proto::StoreInfo {
    proto::StoreInfo {
        name: s.name,
        records: s.records,
        raw_bytes: s.raw_bytes,
        stored_bytes: s.stored_bytes,
        sealed_chunks: s.sealed_chunks,
        oldest_ns: time(s.oldest),
        newest_ns: time(s.newest),
        trouble: s.trouble,
        ..Default::default()
    }
}

pub(crate) fn chunk(c: engine::ChunkInfo) -> proto::ChunkInfo {
    proto::ChunkInfo {
        id: c.id,
        sealed: c.sealed,
        records: c.records,
        row_groups: c.row_groups,
        raw_bytes: c.raw_bytes,
        stored_bytes: c.stored_bytes,
        first_seq: c.first_seq,
        oldest_ns: time(c.oldest),
        newest_ns: time(c.newest),
        ..Default::default()
    }
}

pub(crate) fn counts(pairs: Vec<(String, u64)>) -> Vec<proto::NamedCount> {
    pairs.into_iter().map(|(name, count)| proto::NamedCount { name, count, ..Default::default() }).collect()
}

pub(crate) fn detail(d: engine::ChunkDetail) -> proto::InspectResponse {
    let columns = d.columns.into_iter().map(|c| proto::Column {
        name: c.name,
        encodings: counts(c.encodings),
        values: c.values,
        raw_bytes: c.raw_bytes,
        stored_bytes: c.stored_bytes,
        distinct: c.distinct,
        ..Default::default()
    });
    proto::InspectResponse {
        info: MessageField::some(chunk(d.info)),
        columns: columns.collect(),
        sections: counts(d.sections),
        ..Default::default()
    }
}

pub(crate) fn report(r: engine::VerifyReport) -> proto::VerifyReport {
    proto::VerifyReport {
        files: r.files,
        bytes: r.bytes,
        records: r.records,
        problems: r.problems,
        ..Default::default()
    }
}

pub(crate) fn fields(list: engine::FieldList) -> proto::FieldsResponse {
    let fields = list.fields.into_iter().map(|f| proto::FieldInfo {
        name: f.name,
        values: f.values,
        kind: f.kind,
        distinct: f.distinct,
        distinct_at_least: f.distinct_at_least,
        ..Default::default()
    });
    proto::FieldsResponse {
        fields: fields.collect(),
        records: list.records,
        damage: list.damage,
        notes: list.notes,
        ..Default::default()
    }
}

pub(crate) fn values_request(r: &engine::ValuesRequest) -> proto::ValuesRequest {
    proto::ValuesRequest {
        store: r.store.clone(),
        field: r.field.clone(),
        prefix: r.prefix.clone(),
        limit: r.limit,
        ..Default::default()
    }
}

pub(crate) fn values(list: engine::ValueList) -> proto::ValuesResponse {
    let values = list.values.into_iter().map(|(value, count)| {
        let value = match String::from_utf8(value) {
            Ok(text) => oneof::value_count::Value::Text(text),
            Err(e) => oneof::value_count::Value::Raw(e.into_bytes()),
        };
        proto::ValueCount { value: Some(value), count, ..Default::default() }
    });
    proto::ValuesResponse {
        values: values.collect(),
        exact: list.exact,
        damage: list.damage,
        ..Default::default()
    }
}

/// Packs a batch; its buffer moves, the rest is a few bytes a record. Records must lie in the buffer in order,
/// as every maker of batches puts them.
pub(crate) fn batch(store: &str, batch: Batch) -> proto::AppendRequest {
    let mut packed = proto::PackedRecords::default();
    let mut at = 0;
    for r in &batch.records {
        packed.gaps.push(r.start.saturating_sub(at));
        packed.lengths.push(r.end.saturating_sub(r.start));
        at = r.end;
    }
    if batch.records.iter().any(|r| r.attributes != 0) {
        packed.attributes = batch.records.iter().map(|r| r.attributes).collect();
    }
    packed.ingest_ns = times(batch.records.iter().map(|r| r.ingest.0));
    packed.source_ns = times(batch.records.iter().map(|r| r.source.0));
    packed.attribute_sets = batch
        .attributes
        .iter()
        .map(|set| proto::AttributeSet { attributes: attributes(set), ..Default::default() })
        .collect();
    packed.text = batch.text;
    proto::AppendRequest { store: store.to_owned(), packed: MessageField::some(packed), ..Default::default() }
}

/// One time where all are the same.
fn times(all: impl Iterator<Item = i64> + Clone) -> Vec<i64> {
    let mut each = all.clone();
    match each.next() {
        Some(first) if each.all(|t| t == first) => vec![first],
        _ => all.collect(),
    }
}
