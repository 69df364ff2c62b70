//! Queries that footers alone can answer: those that look at no more than one field.

use gastrolog_format::{FieldStats, Footer};
use gastrolog_query::{FieldName, Filter, Query};

use crate::Aggregation;

/// The one field a query's filter, groups and aggregates look at; `None` when they look at none (`count()`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FooterField(pub Option<String>);

/// Whether a query looks at no more than one field and only counts, so that the values of that field with their
/// counts are all it needs. Which chunks know them is another question: see [`FooterField::stats`].
pub fn footer_field(query: &Query) -> Option<FooterField> {
    let aggregation = Aggregation::of(query.stages.first()?)?;
    let mut names = Vec::new();
    if aggregation.looks_at_times()
        || !aggregation.is_of_columns()
        || !filter_names(&query.filter, &mut names)
    {
        return None;
    }
    names.extend(aggregation.fields());
    let first = names.first().copied();
    names.iter().all(|&name| Some(name) == first).then(|| FooterField(first.map(str::to_owned)))
}

/// Gathers the fields that a filter looks at; `false` if it looks at texts or at fields by a pattern.
fn filter_names<'q>(filter: &'q Filter, names: &mut Vec<&'q str>) -> bool {
    match filter {
        Filter::All => true,
        Filter::And(parts) | Filter::Or(parts) => parts.iter().all(|f| filter_names(f, names)),
        Filter::Not(inner) => filter_names(inner, names),
        Filter::Text(_) => false,
        Filter::Field(f) => match &f.field {
            FieldName::Exact(name) => {
                names.push(name);
                true
            }
            FieldName::Glob(_) => false,
        },
    }
}

impl FooterField {
    /// The statistics that stand for all rows of a chunk, if its footer has them: `Some(None)` when the chunk
    /// surely has no such field.
    pub fn stats<'a>(&self, footer: &'a Footer) -> Option<Option<&'a FieldStats>> {
        let Some(name) = &self.0 else { return Some(None) };
        match footer.fields.get(name) {
            None => footer.fields_complete.then_some(None),
            Some(stats) => {
                let whole = footer.fields_complete && !stats.several && stats.counts.is_some();
                whole.then_some(Some(stats))
            }
        }
    }
}
