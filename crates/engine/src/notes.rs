//! What to say beside an answer of nothing: that no record has a field which the query names.

use std::collections::BTreeSet;

use gastrolog_chunk::Snapshot;
use gastrolog_exec::ParsedView;
use gastrolog_query::{FieldName, Filter, RecordView, Stage, nearest};
use gastrolog_types::Attributes;

use crate::Engine;
use crate::ask::Asked;

/// Fields that are named one by one: looking for what may have been meant compares each with all there are.
const NOTES_MAX: usize = 5;

impl Engine {
    /// A note for each of the first fields that the filter names and no record has. Nothing where that is not known for sure.
    pub(crate) fn unknown_fields(&self, asked: &Asked) -> Vec<String> {
        let mut named = BTreeSet::new();
        names(&asked.query.filter, &mut named);
        for stage in &asked.query.stages {
            let Stage::Where(filter) = stage else { break };
            names(filter, &mut named);
        }
        if named.is_empty() {
            return Vec::new();
        }
        let Some(stored) = stored_fields(&asked.snapshot) else { return Vec::new() };
        let pending = self.pending_fields(&asked.snapshot);
        let known = stored.iter().chain(&pending).map(String::as_str).filter(|n| !n.is_empty());
        let known: BTreeSet<&str> = known.collect();
        let mut unknown = named.into_iter().filter(|name| !known.contains(name));
        let mut notes: Vec<String> =
            unknown.by_ref().take(NOTES_MAX).map(|name| note(name, &known)).collect();
        match unknown.count() {
            0 => {}
            more => notes.push(format!("nor has any record {more} more of the fields that the query names")),
        }
        notes
    }

    /// The names of the fields and attributes of records in memory.
    fn pending_fields(&self, snapshot: &Snapshot) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.each_pending(snapshot, &mut |view| {
            view.any_field(&mut |name, _| {
                note_name(&mut found, name);
                false
            });
        });
        found
    }

    /// Shows each record in memory, with its fields.
    pub(crate) fn each_pending(&self, snapshot: &Snapshot, visit: &mut dyn FnMut(&ParsedView<'_>)) {
        let none = Attributes::default();
        for pending in &snapshot.pending {
            let batch = &pending.batch;
            for at in pending.range.clone() {
                let Some(record) = batch.records.get(at) else { continue };
                let attributes = batch.attributes.get(record.attributes as usize).unwrap_or(&none);
                visit(&ParsedView::new(batch.text_of(at), attributes, &self.pipeline));
            }
        }
    }
}

/// The names of the fields of all chunks, if each footer knows every field of its chunk.
fn stored_fields(snapshot: &Snapshot) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for chunk in &snapshot.chunks {
        let footer = chunk.footer().ok().filter(|f| f.fields_complete)?;
        footer.fields.keys().for_each(|name| note_name(&mut found, name));
    }
    Some(found)
}

fn note_name(found: &mut BTreeSet<String>, name: &str) {
    if !found.contains(name) {
        found.insert(name.to_owned());
    }
}

/// The fields that a filter names in full.
fn names<'q>(filter: &'q Filter, found: &mut BTreeSet<&'q str>) {
    match filter {
        Filter::All | Filter::Text(_) => {}
        Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|part| names(part, found)),
        Filter::Not(inner) => names(inner, found),
        Filter::Field(field) => {
            if let FieldName::Exact(name) = &field.field {
                found.insert(name);
            }
        }
    }
}

fn note(name: &str, known: &BTreeSet<&str>) -> String {
    match name {
        "_time" | "_source" | "_ingest" => {
            return format!(
                "{name} is no field: start= and end= bound the time, `eval t={name} | where t>…` compares it"
            );
        }
        "_seq" | "_text" => return format!("{name} is no field: `eval x={name} | where x=…` compares it"),
        _ => {}
    }
    match nearest(name, known.iter().copied()) {
        Some(other) => format!("no record has a field {name}; did you mean {other}?"),
        None => format!("no record has a field {name}; `gastrolog fields` lists those there are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered() {
        let known = BTreeSet::from(["status", "path", "user.id", "b"]);
        assert_eq!(note("statsu", &known), "no record has a field statsu; did you mean status?");
        assert!(note("frobnicate", &known).contains("`gastrolog fields` lists"));
    }
}
