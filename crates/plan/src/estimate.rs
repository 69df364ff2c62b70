//! Guesses of how many rows match, from counts in the footer where there are some.

use gastrolog_format::Footer;
use gastrolog_query::{FieldMatch, Filter, Predicate, TextMatch};

/// Share of rows taken for predicates of which nothing is known. Chosen by what people search for: words are rare,
/// regular expressions less so.
const WORD_SHARE: f64 = 0.01;
const PATTERN_SHARE: f64 = 0.1;
const RANGE_SHARE: f64 = 0.3;

/// The share of a chunk's rows that are likely to match, 0 to 1.
pub(crate) fn share(filter: &Filter, footer: &Footer) -> f64 {
    match filter {
        Filter::All => 1.0,
        Filter::And(parts) => parts.iter().map(|f| share(f, footer)).product(),
        Filter::Or(parts) => 1.0 - parts.iter().map(|f| 1.0 - share(f, footer)).product::<f64>(),
        Filter::Not(inner) => 1.0 - share(inner, footer),
        Filter::Text(TextMatch::Phrase(_)) => WORD_SHARE,
        Filter::Text(_) => PATTERN_SHARE,
        Filter::Field(field) => field_share(field, footer),
    }
}

fn field_share(field: &FieldMatch, footer: &Footer) -> f64 {
    let rows = footer.rows().max(1) as f64;
    let stats = footer.fields.iter().filter(|(name, _)| field.field.matches(name));
    let shares = stats.map(|(_, stats)| match &stats.counts {
        Some(counts) => {
            let matching: u64 =
                counts.iter().filter(|(v, _)| field.predicate.matches(v)).map(|(_, n)| n).sum();
            matching as f64 / rows
        }
        None => stats.values as f64 / rows * unknown_share(&field.predicate),
    });
    shares.sum::<f64>().min(1.0)
}

fn unknown_share(predicate: &Predicate) -> f64 {
    match predicate {
        Predicate::Exists => 1.0,
        Predicate::Equal(_) => WORD_SHARE / 10.0,
        Predicate::In(list) => (WORD_SHARE / 10.0 * list.len() as f64).min(1.0),
        Predicate::NotEqual(_) | Predicate::NotGlob(_) | Predicate::NotRegex(_) => 0.9,
        Predicate::Compare(..) => RANGE_SHARE,
        Predicate::Glob(_) | Predicate::Regex(_) => PATTERN_SHARE,
    }
}
