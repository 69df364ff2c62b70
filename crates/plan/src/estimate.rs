//! Guesses of how many rows match, from counts and ranges in the footer where there are some.

use gastrolog_format::{FieldStats, Footer};
use gastrolog_query::{FieldMatch, Filter, Literal, Ordering, Predicate, TextMatch};

/// Share of rows taken for conditions of which nothing is known. Chosen by what people search for: words are rare,
/// regular expressions less so.
const WORD_SHARE: f64 = 0.01;
const PATTERN_SHARE: f64 = 0.1;
const RANGE_SHARE: f64 = 0.3;
const VALUE_SHARE: f64 = 0.001;

/// Values of a field up to which a word is looked for in them, to guess how often it occurs.
const VALUES_SEARCHED_MAX: usize = 64;

/// A share of rows, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share {
    pub(crate) of_rows: f64,
    /// From counts, and no guess.
    pub(crate) counted: bool,
}

impl Share {
    fn guess(of_rows: f64) -> Share {
        Share { of_rows: of_rows.clamp(0.0, 1.0), counted: false }
    }
}

/// The share of rows that a filter lets through, when those of its leaves are known, given in their order.
pub(crate) fn combine(filter: &Filter, of_leaves: &mut dyn Iterator<Item = f64>) -> f64 {
    match filter {
        Filter::All => 1.0,
        Filter::And(parts) => parts.iter().map(|f| combine(f, of_leaves)).product(),
        Filter::Or(parts) => 1.0 - parts.iter().map(|f| 1.0 - combine(f, of_leaves)).product::<f64>(),
        Filter::Not(inner) => 1.0 - combine(inner, of_leaves),
        Filter::Text(_) | Filter::Field(_) => of_leaves.next().unwrap_or(1.0),
    }
}

/// The share of a chunk's rows that a condition without parts lets through.
pub(crate) fn share_of_leaf(leaf: &Filter, footer: &Footer) -> Share {
    match leaf {
        Filter::Text(text) => share_of_text(text, footer),
        Filter::Field(field) => share_of_field(field, footer),
        _ => Share::guess(1.0),
    }
}

/// A word that is a value of a field with few values is at least as frequent as that.
fn share_of_text(text: &TextMatch, footer: &Footer) -> Share {
    let rows = footer.rows().max(1) as f64;
    let few = |stats: &&FieldStats| stats.counts.as_ref().is_some_and(|c| c.len() <= VALUES_SEARCHED_MAX);
    let in_values = |stats: &FieldStats| {
        let counts = stats.counts.iter().flatten();
        counts.filter(|(v, _)| text.matches(v)).map(|(_, n)| n).sum::<u64>()
    };
    let most = footer.fields.values().filter(few).map(in_values).max().unwrap_or(0);
    let none_known = if matches!(text, TextMatch::Phrase(_)) { WORD_SHARE } else { PATTERN_SHARE };
    Share::guess(if most == 0 { none_known } else { most as f64 / rows })
}

fn share_of_field(field: &FieldMatch, footer: &Footer) -> Share {
    let rows = footer.rows().max(1) as f64;
    let mut share = Share { of_rows: 0.0, counted: footer.fields_complete };
    for (_, stats) in footer.fields.iter().filter(|(name, _)| field.field.matches(name)) {
        let here = match (&stats.counts, &field.predicate) {
            (_, Predicate::Exists) => stats.values as f64,
            (Some(counts), predicate) => {
                counts.iter().filter(|(v, _)| predicate.matches(v)).map(|(_, n)| n).sum::<u64>() as f64
            }
            (None, predicate) => {
                share.counted = false;
                stats.values as f64 * unknown_share(predicate, stats.int_range)
            }
        };
        share.of_rows += here / rows;
    }
    if !footer.fields_complete && share.of_rows == 0.0 {
        share.of_rows = unknown_share(&field.predicate, None);
    }
    share.of_rows = share.of_rows.min(1.0);
    share
}

fn unknown_share(predicate: &Predicate, range: Option<(i64, i64)>) -> f64 {
    let in_range = range.and_then(|range| share_of_range(predicate, range));
    in_range.unwrap_or_else(|| match predicate {
        Predicate::Exists => 1.0,
        Predicate::Equal(_) => VALUE_SHARE,
        Predicate::In(list) => (VALUE_SHARE * list.len() as f64).min(1.0),
        Predicate::NotEqual(_) | Predicate::NotGlob(_) | Predicate::NotRegex(_) => 0.9,
        Predicate::Compare(..) => RANGE_SHARE,
        Predicate::Glob(_) | Predicate::Regex(_) => PATTERN_SHARE,
    })
}

/// As if all integers from the smallest to the largest were as frequent.
fn share_of_range(predicate: &Predicate, (min, max): (i64, i64)) -> Option<f64> {
    let (min, max) = (min as f64, max as f64);
    let width = max - min + 1.0;
    let number = |literal: &Literal| literal.number().map(|n| n.to_f64());
    let share = match predicate {
        Predicate::Equal(literal) => {
            let wanted = number(literal)?;
            if wanted < min || wanted > max { 0.0 } else { 1.0 / width }
        }
        Predicate::Compare(order, literal) => {
            let below = (number(literal)? - min) / width;
            match order {
                Ordering::Less => below,
                Ordering::LessOrEqual => below + 1.0 / width,
                Ordering::Greater => 1.0 - below - 1.0 / width,
                Ordering::GreaterOrEqual => 1.0 - below,
            }
        }
        _ => return None,
    };
    Some(share.clamp(0.0, 1.0))
}
