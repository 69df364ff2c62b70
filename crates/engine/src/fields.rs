//! The fields of a store: from footers where nothing is asked of the records.

mod found;

use std::collections::BTreeMap;

use gastrolog_chunk::{Chunk, Snapshot};
use gastrolog_exec::{ExecError, missing_rows};
use gastrolog_query::RecordView;

use crate::kind::wider;
use crate::{Answer, Cancel, Engine, EngineError, FieldInfo, FieldList, FoundRecord, QueryRequest};
use found::Found;

/// Records that a guess of kinds looks at, and how long it may take.
const KIND_RECORDS: u64 = 200;
const LOOK_MS: u64 = 1000;

/// What is said where there are too many fields.
const LEFT_OUT: &str = "there are more fields than fit this list; narrow it by a query";

impl Engine {
    pub(crate) fn list_fields(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
    ) -> Result<FieldList, EngineError> {
        let everything = matches!(request.query.trim(), "" | "*") && request.last_ms.is_none();
        if everything {
            self.all_fields(&request.store, cancel)
        } else {
            self.fields_of_answer(request, cancel)
        }
    }

    /// By the footers, and the records that are in none yet.
    fn all_fields(&self, name: &str, cancel: &Cancel) -> Result<FieldList, EngineError> {
        let store = self.store(name)?;
        let snapshot = store.snapshot();
        let mut all = OfChunks { damage: store.damage(), ..OfChunks::default() };
        for chunk in &snapshot.chunks {
            all.add(chunk, cancel)?;
        }
        let pending = snapshot.pending.iter().map(|p| p.range.len() as u64).sum::<u64>();
        let notes = all.notes();
        let mut fields = all.found.finish();
        self.add_pending(&snapshot, &mut fields);
        self.guess_kinds(name, &mut fields);
        let fields = by_values(fields.into_values().collect());
        Ok(FieldList { fields, records: all.records + pending, damage: all.damage, notes })
    }

    /// Records in memory are few: their values are counted, not told apart from those of the chunks.
    fn add_pending(&self, snapshot: &Snapshot, fields: &mut BTreeMap<String, FieldInfo>) {
        let mut found = Found::default();
        self.each_pending(snapshot, &mut |view| {
            view.any_field(&mut |name, value| {
                found.add_value(name, value);
                false
            });
        });
        for (name, more) in found.finish() {
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
        let (mut found, mut records, mut is_table) = (Found::default(), 0, false);
        let end = self.run_query(&request, cancel, &mut |piece| {
            is_table |= matches!(piece, Answer::Columns(_) | Answer::Row(_));
            if let Answer::Record(record) = piece {
                records += 1;
                each_field(&record, &mut |name, value| found.add_value(name, value));
            }
            !is_table
        })?;
        if is_table {
            return Err(EngineError::BadQuery(
                "fields are those of records; this query makes a table".to_owned(),
            ));
        }
        let mut notes = end.notes;
        notes.extend(found.left_out().then(|| LEFT_OUT.to_owned()));
        let fields = by_values(found.finish().into_values().collect());
        Ok(FieldList { fields, records, damage: end.damage, notes })
    }
}

/// What the chunks of a store say of its fields.
#[derive(Default)]
struct OfChunks {
    found: Found,
    records: u64,
    damage: Vec<String>,
    /// Records whose fields stand in no header.
    unparsed: u64,
}

impl OfChunks {
    fn add(&mut self, chunk: &Chunk, cancel: &Cancel) -> Result<(), EngineError> {
        self.records += chunk.summary.records;
        self.damage.extend(missing_rows(chunk));
        let footer = match chunk.footer() {
            Ok(footer) => footer,
            Err(e) => {
                self.damage.push(e.to_string());
                return Ok(());
            }
        };
        for (name, stats) in footer.fields.iter().filter(|(name, _)| !name.is_empty()) {
            self.found.add_stats(name, stats);
        }
        if !footer.fields_complete {
            self.add_headers(chunk, &|name| footer.fields.contains_key(name), cancel)?;
        }
        Ok(())
    }

    /// Adds the fields that the footer does not have: it has room for some thousands, and of a chunk that is not sealed,
    /// or whose footer is damaged, a reader knows none.
    fn add_headers(
        &mut self,
        chunk: &Chunk,
        is_known: &dyn Fn(&str) -> bool,
        cancel: &Cancel,
    ) -> Result<(), EngineError> {
        for group in chunk.row_groups().unwrap_or_default() {
            if cancel.is_cancelled() {
                return Err(ExecError::Cancelled.into());
            }
            let header = match group.header() {
                Ok(header) => header,
                Err(e) => {
                    self.damage.push(e.to_string());
                    continue;
                }
            };
            self.unparsed += u64::from(header.unparsed_rows);
            let is_new = |name: &str| !name.is_empty() && !is_known(name);
            let columns = header.columns.iter().filter(|column| is_new(&column.key.name));
            columns.for_each(|column| self.found.add_column(column));
        }
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        let unparsed = format!(
            "fields of {} records that are kept as text are not in this list; with a query (last=1h) the list comes \
             from the records",
            self.unparsed
        );
        let left_out = self.found.left_out().then(|| LEFT_OUT.to_owned());
        (self.unparsed > 0).then_some(unparsed).into_iter().chain(left_out).collect()
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

fn by_values(mut fields: Vec<FieldInfo>) -> Vec<FieldInfo> {
    fields.sort_by(|a, b| b.values.cmp(&a.values).then_with(|| a.name.cmp(&b.name)));
    fields
}
