//! Queries that footers alone can answer: those that look at no more than one field.

use gastrolog_format::{FieldStats, Footer};
use gastrolog_query::{FieldName, Filter, Function, GroupKey, Query, Stage};

/// The one field a query's filter, groups and aggregates look at; `None` when they look at none (`count()`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FooterField(pub Option<String>);

/// Whether a query looks at no more than one field and only counts, so that the values of that field with their
/// counts are all it needs. Which chunks know them is another question: see [`FooterField::stats`].
pub fn footer_field(query: &Query) -> Option<FooterField> {
    let Some(Stage::Stats { aggregates, by }) = query.stages.first() else { return None };
    let mut field: Option<&str> = None;
    let mut take = |name: &str| match field {
        None => {
            // The name lives as long as the query; only its first mention is kept.
            field = find_name(query, name);
            field.is_some()
        }
        Some(known) => known == name,
    };
    let fits = filter_fields(&query.filter, &mut take)
        && by.iter().all(|key| matches!(key, GroupKey::Field(name) if take(name)))
        && aggregates.iter().all(|a| {
            !matches!(a.function, Function::First | Function::Last)
                && a.field.as_deref().is_none_or(&mut take)
        });
    fits.then(|| FooterField(field.map(str::to_owned)))
}

fn find_name<'q>(query: &'q Query, name: &str) -> Option<&'q str> {
    let mut found = None;
    filter_names(&query.filter, &mut |n| found = found.or((n == name).then_some(n)));
    if let Some(Stage::Stats { aggregates, by }) = query.stages.first() {
        let keys = by.iter().filter_map(|k| if let GroupKey::Field(n) = k { Some(n.as_str()) } else { None });
        let names = keys.chain(aggregates.iter().filter_map(|a| a.field.as_deref()));
        found = found.or_else(|| names.into_iter().find(|n| *n == name));
    }
    found
}

fn filter_names<'q>(filter: &'q Filter, visit: &mut dyn FnMut(&'q str)) {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|f| filter_names(f, visit)),
        Filter::Not(inner) => filter_names(inner, visit),
        Filter::Field(f) => {
            if let FieldName::Exact(name) = &f.field {
                visit(name);
            }
        }
        Filter::All | Filter::Text(_) => {}
    }
}

fn filter_fields(filter: &Filter, take: &mut dyn FnMut(&str) -> bool) -> bool {
    match filter {
        Filter::All => true,
        Filter::And(parts) | Filter::Or(parts) => parts.iter().all(|f| filter_fields(f, take)),
        Filter::Not(inner) => filter_fields(inner, take),
        Filter::Text(_) => false,
        Filter::Field(f) => matches!(&f.field, FieldName::Exact(name) if take(name)),
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
