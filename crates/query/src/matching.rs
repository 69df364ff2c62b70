//! What a filter means: the one definition, and the parts of it that an executor uses on columns.

use std::cmp;

use crate::{FieldMatch, FieldName, Filter, Ordering, Predicate, RecordView};

/// Whether the record satisfies the filter.
pub fn matches(filter: &Filter, record: &dyn RecordView) -> bool {
    match filter {
        Filter::All => true,
        Filter::And(parts) => parts.iter().all(|part| matches(part, record)),
        Filter::Or(parts) => parts.iter().any(|part| matches(part, record)),
        Filter::Not(inner) => !matches(inner, record),
        Filter::Text(text) => text.matches(record.text()),
        Filter::Field(field) => field.matches(record),
    }
}

impl FieldMatch {
    /// Whether any value of any field so named satisfies the predicate.
    pub fn matches(&self, record: &dyn RecordView) -> bool {
        record.any_field(&mut |path, value| self.field.matches(path) && self.predicate.matches(value))
    }
}

impl FieldName {
    /// Whether it names the field with this path.
    pub fn matches(&self, path: &str) -> bool {
        match self {
            FieldName::Exact(name) => name == path,
            FieldName::Glob(glob) => glob.matches(path.as_bytes()),
        }
    }
}

impl Predicate {
    /// Whether one (logical) value satisfies it.
    pub fn matches(&self, value: &[u8]) -> bool {
        match self {
            Predicate::Exists => true,
            Predicate::Equal(literal) => literal.equals(value),
            Predicate::NotEqual(literal) => !literal.equals(value),
            Predicate::Compare(ordering, literal) => {
                literal.order_of(value).is_some_and(|o| ordering.accepts(o))
            }
            Predicate::In(literals) => literals.iter().any(|literal| literal.equals(value)),
            Predicate::Glob(glob) => glob.matches(value),
            Predicate::NotGlob(glob) => !glob.matches(value),
            Predicate::Regex(regex) => regex.compiled.is_match(value),
            Predicate::NotRegex(regex) => !regex.compiled.is_match(value),
        }
    }
}

impl Ordering {
    /// Whether the inequality holds of a value that compares so with the literal.
    pub fn accepts(self, value_to_literal: cmp::Ordering) -> bool {
        match self {
            Ordering::Less => value_to_literal.is_lt(),
            Ordering::LessOrEqual => value_to_literal.is_le(),
            Ordering::Greater => value_to_literal.is_gt(),
            Ordering::GreaterOrEqual => value_to_literal.is_ge(),
        }
    }
}
