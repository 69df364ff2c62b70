//! The fields of a store: from footers where nothing is asked of the records.

use std::collections::{BTreeMap, HashSet};

use gastrolog_chunk::Snapshot;
use gastrolog_query::RecordView;

use crate::kind::{Kind, wider};
use crate::{Answer, Cancel, Engine, EngineError, FieldInfo, FieldList, FoundRecord, QueryRequest};

/// Distinct values of one field that are kept to count them.
const DISTINCT_MAX: usize = 100_000;

/// And of all fields together.
const DISTINCT_ALL_MAX: usize = 1_000_000;

/// Records that a guess of kinds looks at, and how long it may take.
const KIND_RECORDS: u64 = 200;
const LOOK_MS: u64 = 1000;

/// Values that a guess of the kind looks at.
const KIND_SAMPLES: usize = 256;

/// What was gathered of a field.
#[derive(Default)]
struct Gathered {
    values: u64,
    distinct: HashSet<Vec<u8>>,
    /// Some values were not kept.
    more: bool,
    /// No value was seen, only how many there are.
    unseen: bool,
    kind: Option<Kind>,
    samples: usize,
    integers_only: bool,
}

impl Engine {
    pub(crate) fn list_fields(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
    ) -> Result<FieldList, EngineError> {
        let everything = matches!(request.query.trim(), "" | "*") && request.last_ms.is_none();
        if everything { self.all_fields(&request.store) } else { self.fields_of_answer(request, cancel) }
    }

    /// By the footers, and the records that are in none yet.
    fn all_fields(&self, store: &str) -> Result<FieldList, EngineError> {
        let snapshot = self.store(store)?.snapshot();
        let mut fields: BTreeMap<String, Gathered> = BTreeMap::new();
        let (mut records, mut kept) = (0, 0);
        for chunk in &snapshot.chunks {
            let footer = chunk.footer().map_err(|e| EngineError::Damaged(e.to_string()))?;
            records += chunk.summary.records;
            for (name, stats) in footer.fields.iter().filter(|(n, _)| !n.is_empty()) {
                let Some(field) = of_name(&mut fields, name) else { continue };
                field.values += stats.values;
                match &stats.counts {
                    Some(counts) => {
                        kept += counts.iter().map(|(value, _)| field.see(value, most(kept))).sum::<usize>();
                    }
                    None => (field.more, field.unseen) = (true, true),
                }
                if stats.counts.is_none() && stats.int_range.is_some() {
                    field.integers_only = true;
                    field.guess(b"0");
                }
            }
        }
        let finish = |(name, field): (String, Gathered)| {
            let info = field.finish(&name);
            (name, info)
        };
        let mut fields: BTreeMap<String, FieldInfo> = fields.into_iter().map(finish).collect();
        records += snapshot.pending.iter().map(|p| p.range.len() as u64).sum::<u64>();
        self.add_pending(&snapshot, &mut fields);
        self.guess_kinds(store, &mut fields);
        Ok(FieldList { fields: by_values(fields.into_values().collect()), records })
    }

    /// Records in memory are few: their values are counted, not told apart from those of the chunks.
    fn add_pending(&self, snapshot: &Snapshot, fields: &mut BTreeMap<String, FieldInfo>) {
        let mut found: BTreeMap<String, Gathered> = BTreeMap::new();
        self.each_pending(snapshot, &mut |view| {
            gather(&mut found, DISTINCT_MAX, &mut |visit| {
                view.any_field(&mut |name, value| {
                    visit(name, value);
                    false
                });
            });
        });
        for (name, field) in found {
            let more = field.finish(&name);
            match fields.get_mut(&name) {
                Some(known) => {
                    known.values += more.values;
                    known.distinct = known.distinct.max(more.distinct);
                    known.distinct_at_least = true;
                    known.kind = wider(&known.kind, &more.kind).to_owned();
                }
                None => drop(fields.insert(name, more)),
            }
        }
    }

    /// The kinds of fields whose values no footer lists, by those of the newest records.
    fn guess_kinds(&self, store: &str, fields: &mut BTreeMap<String, FieldInfo>) {
        if fields.values().all(|f| !f.kind.is_empty()) {
            return;
        }
        let request = QueryRequest {
            query: "*".to_owned(),
            store: store.to_owned(),
            limit: Some(KIND_RECORDS),
            timeout_ms: Some(LOOK_MS),
            ..QueryRequest::default()
        };
        // Without them a kind is not known, which is no error.
        let newest = self.fields_of_answer(&request, &Cancel::default()).unwrap_or_default();
        for known in newest.fields {
            if let Some(field) = fields.get_mut(&known.name).filter(|f| f.kind.is_empty()) {
                field.kind = known.kind;
            }
        }
    }

    /// By running the query.
    fn fields_of_answer(&self, request: &QueryRequest, cancel: &Cancel) -> Result<FieldList, EngineError> {
        let request = QueryRequest { with_fields: true, ..request.clone() };
        let mut found: BTreeMap<String, Gathered> = BTreeMap::new();
        let (mut records, mut kept, mut is_table) = (0, 0, false);
        self.run_query(&request, cancel, &mut |piece| {
            is_table |= matches!(piece, Answer::Columns(_) | Answer::Row(_));
            if let Answer::Record(record) = piece {
                records += 1;
                kept += gather(&mut found, most(kept), &mut |visit| each_field(&record, visit));
            }
            !is_table
        })?;
        if is_table {
            return Err(EngineError::BadQuery(
                "fields are those of records; this query makes a table".to_owned(),
            ));
        }
        let fields = found.into_iter().map(|(name, field)| field.finish(&name)).collect();
        Ok(FieldList { fields: by_values(fields), records })
    }
}

/// What a record has: computed fields before others of the same name, attributes among them.
fn each_field(found: &FoundRecord, visit: &mut dyn FnMut(&str, &[u8])) {
    let computed = |name: &str| found.computed.iter().any(|(n, _)| n == name);
    let attributes = found.record.attributes.iter();
    let own = found.fields.iter().map(|(n, v)| (n.as_str(), v.as_slice())).chain(attributes);
    own.filter(|(n, _)| !computed(n)).for_each(|(n, v)| visit(n, v));
    for (name, value) in &found.computed {
        match value {
            gastrolog_exec::Value::Null => {}
            gastrolog_exec::Value::Text(text) => visit(name, text),
            gastrolog_exec::Value::Int(n) => visit(name, n.to_string().as_bytes()),
            gastrolog_exec::Value::Float(x) => visit(name, x.to_string().as_bytes()),
            gastrolog_exec::Value::Time(t) => {
                let time = jiff::Timestamp::from_nanosecond(i128::from(t.0)).unwrap_or_default();
                visit(name, time.to_string().as_bytes());
            }
        }
    }
}

type Visit<'v> = &'v mut dyn FnMut(&str, &[u8]);

/// Adds the fields of one record; returns how many values were kept.
fn gather(
    found: &mut BTreeMap<String, Gathered>,
    distinct_max: usize,
    each: &mut dyn FnMut(Visit<'_>),
) -> usize {
    let mut kept = 0;
    each(&mut |name, value| {
        let Some(field) = of_name(found, name) else { return };
        field.values += 1;
        kept += field.see(value, distinct_max);
    });
    kept
}

/// What is gathered of a field; its name is copied when it is new.
fn of_name<'f>(found: &'f mut BTreeMap<String, Gathered>, name: &str) -> Option<&'f mut Gathered> {
    if !found.contains_key(name) {
        found.insert(name.to_owned(), Gathered::default());
    }
    found.get_mut(name)
}

/// Distinct values that may be kept of one field when so many are kept of all.
fn most(kept: usize) -> usize {
    if kept < DISTINCT_ALL_MAX { DISTINCT_MAX } else { 0 }
}

fn by_values(mut fields: Vec<FieldInfo>) -> Vec<FieldInfo> {
    fields.sort_by(|a, b| b.values.cmp(&a.values).then_with(|| a.name.cmp(&b.name)));
    fields
}

impl Gathered {
    /// Takes a value in; returns how many were kept for it, one or none.
    fn see(&mut self, value: &[u8], distinct_max: usize) -> usize {
        if self.distinct.contains(value) {
            return 0;
        }
        if self.samples < KIND_SAMPLES {
            self.guess(value);
        }
        if self.distinct.len() >= distinct_max {
            self.more = true;
            return 0;
        }
        self.distinct.insert(value.to_vec());
        1
    }

    fn guess(&mut self, value: &[u8]) {
        self.samples += 1;
        let kind = Kind::of(value);
        self.kind = Some(self.kind.map_or(kind, |known| known.with(kind)));
    }

    fn finish(self, name: &str) -> FieldInfo {
        let known = !self.distinct.is_empty() || !self.unseen;
        // A field whose values nobody listed may be anything.
        let sure = !self.unseen || self.integers_only || !self.distinct.is_empty();
        FieldInfo {
            name: name.to_owned(),
            values: self.values,
            kind: self.kind.filter(|_| sure).map_or("", Kind::name).to_owned(),
            distinct: known.then_some(self.distinct.len() as u64),
            distinct_at_least: known && self.more,
        }
    }
}
