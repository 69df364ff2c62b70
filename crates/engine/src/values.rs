//! The values of a field: from footers, and from its columns where a footer does not list them.

use std::collections::HashMap;

use gastrolog_chunk::Snapshot;
use gastrolog_query::{
    Aggregate, FieldMatch, FieldName, Filter, Function, Glob, GroupKey, Predicate, Query, RecordView, Stage,
    TimeRange,
};

use crate::ask::Asked;
use crate::{
    Answer, Cancel, Engine, EngineError, QueryLimits, QueryRequest, Value, ValueList, ValuesRequest,
};

/// Values that are returned where no number is given.
const VALUES_DEFAULT: u64 = 100;

/// What looking into columns may take: someone is typing.
const LOOK: QueryLimits =
    QueryLimits { timeout_ms: Some(1000), rows: None, read_bytes: Some(64 << 20), memory_bytes: 64 << 20 };

/// How often each value occurs.
type Counts = HashMap<Vec<u8>, u64>;

impl Engine {
    pub(crate) fn list_values(&self, request: &ValuesRequest) -> Result<ValueList, EngineError> {
        let store = self.store(&request.store)?;
        let (snapshot, mut damage) = (store.snapshot(), store.damage());
        let (mut counts, mut exact) = self.by_footers(&snapshot, request);
        if !exact && let Ok((found, missing)) = self.by_columns(snapshot.clone(), request) {
            counts = found;
            exact = self.has_one_a_record(snapshot, request);
            damage.extend(missing);
        }
        let mut values: Vec<(Vec<u8>, u64)> = counts.into_iter().collect();
        values.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        values.truncate(request.limit.unwrap_or(VALUES_DEFAULT) as usize);
        Ok(ValueList { values, exact: exact && damage.is_empty(), damage })
    }

    /// What the footers list, and the records that are in none yet; whether that is all.
    fn by_footers(&self, snapshot: &Snapshot, request: &ValuesRequest) -> (Counts, bool) {
        let prefix = request.prefix.as_bytes();
        let mut counts = Counts::new();
        let mut exact = true;
        for chunk in &snapshot.chunks {
            // What then looks into the columns says why.
            let Ok(footer) = chunk.footer() else {
                exact = false;
                continue;
            };
            let stats = footer.fields.get(&request.field);
            let known = stats.and_then(|s| s.counts.as_ref());
            let is_whole = footer.fields_complete && chunk.gaps().is_empty();
            exact &= is_whole && (stats.is_none() || known.is_some());
            for (value, n) in known.into_iter().flatten().filter(|(v, _)| v.starts_with(prefix)) {
                match counts.get_mut(value) {
                    Some(count) => *count += n,
                    None => drop(counts.insert(value.clone(), *n)),
                }
            }
        }
        self.each_pending(snapshot, &mut |view| {
            view.any_field(&mut |name, value| {
                if name == request.field && value.starts_with(prefix) {
                    *counts.entry(value.to_vec()).or_default() += 1;
                }
                false
            });
        });
        (counts, exact)
    }

    /// Counts the records by the field, as a query does, and says what could not be read; fails when that takes too
    /// much.
    fn by_columns(
        &self,
        snapshot: Snapshot,
        request: &ValuesRequest,
    ) -> Result<(Counts, Vec<String>), EngineError> {
        let mut counts = Counts::new();
        let by = vec![GroupKey::Field(request.field.clone())];
        let damage = self.look(snapshot, request, &request.prefix, by, &mut |row| {
            if let Ok([Value::Text(value), Value::Int(n)]) = <[Value; 2]>::try_from(row)
                && value.starts_with(request.prefix.as_bytes())
            {
                counts.insert(value, n as u64);
            }
        })?;
        Ok((counts, damage))
    }

    /// Whether no record has several values of the field, of which a query groups by the first only.
    fn has_one_a_record(&self, snapshot: Snapshot, request: &ValuesRequest) -> bool {
        let Some(values) = self.values_in_columns(&snapshot, &request.field) else { return false };
        let mut records = 0;
        let counted = self.look(snapshot, request, "", Vec::new(), &mut |row| {
            records = if let Some(&Value::Int(n)) = row.first() { n as u64 } else { 0 };
        });
        counted.is_ok() && records == values
    }

    /// How many values the columns of a field and the records that wait have of it.
    fn values_in_columns(&self, snapshot: &Snapshot, field: &str) -> Option<u64> {
        let mut values = 0;
        for chunk in &snapshot.chunks {
            for group in chunk.row_groups().ok()? {
                let header = group.header().ok()?;
                let columns = header.columns.iter().filter(|column| column.key.name == field);
                values += columns.map(|column| u64::from(column.values)).sum::<u64>();
            }
        }
        self.each_pending(snapshot, &mut |view| {
            view.any_field(&mut |name, _| {
                values += u64::from(name == field);
                false
            });
        });
        Some(values)
    }

    /// Counts the records that have a value of the field that begins so; returns what could not be read.
    fn look(
        &self,
        snapshot: Snapshot,
        request: &ValuesRequest,
        prefix: &str,
        by: Vec<GroupKey>,
        take: &mut dyn FnMut(Vec<Value>),
    ) -> Result<Vec<String>, EngineError> {
        let query = count_by(&request.field, prefix, by);
        let asked = Asked::of(query, snapshot, &self.cache, self.env.clock.now());
        let for_all = QueryRequest { store: request.store.clone(), ..QueryRequest::default() };
        let actual = self.answer_within(&asked, &for_all, &LOOK, &Cancel::default(), &mut |piece| {
            if let Answer::Row(row) = piece {
                take(row);
            }
            true
        })?;
        Ok(actual.damage)
    }
}

/// `field=prefix* | stats count() by …`.
fn count_by(field: &str, prefix: &str, by: Vec<GroupKey>) -> Query {
    let field = FieldName::Exact(field.to_owned());
    let predicate = match prefix {
        "" => Predicate::Exists,
        prefix => Predicate::Glob(Glob { pieces: vec![prefix.to_owned(), String::new()] }),
    };
    let count = Aggregate { function: Function::Count, field: None, alias: "count".to_owned() };
    Query {
        filter: Filter::Field(FieldMatch { field, predicate }),
        time: TimeRange::default(),
        stages: vec![Stage::Stats { aggregates: vec![count], by }],
    }
}
