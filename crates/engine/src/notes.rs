//! What to say beside an answer of nothing: that no record has a field which the query names.

use std::collections::BTreeSet;
use std::sync::Arc;

use gastrolog_chunk::Snapshot;
use gastrolog_exec::ParsedView;
use gastrolog_format::Footer;
use gastrolog_query::{FieldName, Filter, RecordView};
use gastrolog_types::Attributes;

use crate::Engine;
use crate::ask::Asked;

impl Engine {
    /// A note for each field that the filter names and no record has. Nothing where that is not known for sure.
    pub(crate) fn unknown_fields(&self, asked: &Asked) -> Vec<String> {
        let mut named = BTreeSet::new();
        names(&asked.query.filter, &mut named);
        named.retain(|name| !name.starts_with('_'));
        if named.is_empty() {
            return Vec::new();
        }
        let Some(footers) = complete_footers(&asked.snapshot) else { return Vec::new() };
        let pending = self.pending_fields(&asked.snapshot);
        let known: BTreeSet<&str> = footers
            .iter()
            .flat_map(|f| f.fields.keys())
            .chain(&pending)
            .map(String::as_str)
            .filter(|n| !n.is_empty())
            .collect();
        let unknown = named.into_iter().filter(|name| !known.contains(name));
        unknown.map(|name| note(name, &known)).collect()
    }

    /// The names of the fields and attributes of records in memory.
    fn pending_fields(&self, snapshot: &Snapshot) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.each_pending(snapshot, &mut |view| {
            view.any_field(&mut |name, _| {
                if !found.contains(name) {
                    found.insert(name.to_owned());
                }
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

/// The footers of all chunks, if each knows every field of its chunk.
fn complete_footers(snapshot: &Snapshot) -> Option<Vec<&Arc<Footer>>> {
    snapshot.chunks.iter().map(|chunk| chunk.footer().ok().filter(|f| f.fields_complete)).collect()
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
    match nearest(name, known) {
        Some(other) => format!("no record has a field {name}; did you mean {other}?"),
        None => format!("no record has a field {name}; `gastrolog fields` lists those there are"),
    }
}

/// The name that takes the fewest edits, if they are few.
fn nearest<'a>(name: &str, known: &BTreeSet<&'a str>) -> Option<&'a str> {
    let max = 1 + name.len() / 4;
    let near = known.iter().filter(|k| k.len().abs_diff(name.len()) <= max).map(|k| (edits(name, k), *k));
    near.filter(|(n, _)| *n <= max).min().map(|(_, k)| k)
}

/// How many bytes have to be inserted, dropped, replaced or swapped with their neighbour; case counts for nothing.
fn edits(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_ascii_lowercase().into_bytes(), b.to_ascii_lowercase().into_bytes());
    let mut older: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (at(&above, j) + usize::from(x != y)).min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&older, j - 1) + 1);
            }
            row.push(best);
        }
        older = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name() {
        let known = BTreeSet::from(["status", "path", "user.id", "user.name", "b"]);
        assert_eq!(nearest("statsu", &known), Some("status"));
        assert_eq!(nearest("Status", &known), Some("status"));
        assert_eq!(nearest("user.nmae", &known), Some("user.name"));
        assert_eq!(nearest("frobnicate", &known), None);
        assert_eq!((edits("abc", "abc"), edits("", "ab"), edits("ca", "abc")), (0, 2, 3));
        assert_eq!(note("statsu", &known), "no record has a field statsu; did you mean status?");
    }
}
