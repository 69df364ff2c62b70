//! What a filter means: the one definition, and the parts of it that an executor uses on columns.

use std::cmp;

use crate::value::{Number, parse_number};
use crate::{FieldMatch, FieldName, Filter, Literal, Ordering, Predicate, RecordView};

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

impl Literal {
    /// A value that stood in a query without quotes.
    pub fn bare(text: impl Into<String>) -> Literal {
        Literal { text: text.into(), quoted: false }
    }

    /// A value that stood in quotes: text, whatever it looks like.
    pub fn quoted(text: impl Into<String>) -> Literal {
        let text = text.into();
        let quoted = parse_number(text.as_bytes()).is_some();
        Literal { text, quoted }
    }

    /// The number it stands for, if it is one and was not quoted.
    pub fn number(&self) -> Option<Number> {
        if self.quoted { None } else { parse_number(self.text.as_bytes()) }
    }

    /// Whether a value is equal: the same bytes, or the same number if both are one.
    pub fn equals(&self, value: &[u8]) -> bool {
        if self.text.as_bytes() == value {
            return true;
        }
        // Cheap tests first: most values are not numbers, and most numbers are written in the one usual way.
        let (literal, may_be_number) = (self.text.as_bytes(), |bytes: &[u8]| {
            bytes.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-')
        });
        if !may_be_number(value) || !may_be_number(literal) || (is_usual_int(value) && is_usual_int(literal))
        {
            return false;
        }
        self.number().is_some_and(|number| parse_number(value) == Some(number))
    }

    /// How a value compares with the literal: as numbers if the literal is one (`None` if the value is not), else
    /// as bytes.
    pub fn order_of(&self, value: &[u8]) -> Option<cmp::Ordering> {
        match self.number() {
            Some(number) => Some(parse_number(value)?.compare(number)),
            None => Some(value.cmp(self.text.as_bytes())),
        }
    }
}

/// Whether these are the digits of a positive integer without leading zeros: two such texts that differ are
/// different numbers. (Longer ones are left to the parser, since they may be too large to tell apart.)
fn is_usual_int(text: &[u8]) -> bool {
    text.len() <= 18 && !text.starts_with(b"0") && text.iter().all(u8::is_ascii_digit)
}
