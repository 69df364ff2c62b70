//! Lines of advice: rewrites and settings that would let the query read less.

use std::collections::BTreeSet;

use gastrolog_plan::{Looks, Plan};
use gastrolog_query::{FieldMatch, FieldName, Filter, Literal, Predicate, TextMatch};

use crate::ask::Asked;

/// A store that reaches over more than this is worth a time bound.
const WIDE_NS: i64 = 86_400_000_000_000;
/// Chunks whose footers are searched for a phrase, newest first.
const CHUNKS_SEARCHED_MAX: usize = 64;

/// The advice for a query, one line each.
pub(super) fn advice(asked: &Asked) -> Vec<String> {
    let plan = &asked.plan;
    if plan.reads().next().is_none() {
        return Vec::new();
    }
    let mut lines: Vec<String> =
        plan.conditions.iter().flat_map(|c| &c.notes).filter_map(|note| note.advice.clone()).collect();
    lines.extend(phrases(&asked.query.filter).into_iter().filter_map(|p| field_instead(p, asked)));
    lines.extend(time_bound(asked));
    lines.extend(over_budget(plan));
    lines
}

fn time_bound(asked: &Asked) -> Option<String> {
    let time = asked.query.time;
    let spans = || asked.snapshot.chunks.iter().filter(|c| c.summary.records > 0).map(|c| c.summary.time);
    let (oldest, newest) = (spans().map(|s| s.min.0).min()?, spans().map(|s| s.max.0).max()?);
    let reach_ns = newest.saturating_sub(oldest);
    (time.start.is_none() && time.end.is_none() && reach_ns > WIDE_NS).then(|| {
        let days = reach_ns.saturating_add(WIDE_NS / 2) / WIDE_NS;
        format!("the query has no time bound, and the store reaches over {days} days; last=1h or start=… leaves most of it out")
    })
}

/// Fields of few kinds a row group, with too many values for the footers.
fn over_budget(plan: &Plan) -> Vec<String> {
    let worthwhile = |name: &&String| {
        plan.conditions.iter().any(|c| {
            c.looks == Looks::Dictionary && c.notes.iter().any(|note| note.field.as_ref() == Some(*name))
        })
    };
    let line = |name: &String| {
        format!(
            "{name} has more values than the footers keep; a larger footer_values of the store lets new chunks be \
             ruled out by it"
        )
    };
    plan.uncounted_fields.iter().filter(worthwhile).map(line).collect()
}

fn phrases(filter: &Filter) -> Vec<&str> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().flat_map(phrases).collect(),
        Filter::Not(inner) => phrases(inner),
        Filter::Text(TextMatch::Phrase(phrase)) => vec![phrase],
        _ => Vec::new(),
    }
}

/// A phrase that is, as a whole, a value of one field only.
fn field_instead(phrase: &str, asked: &Asked) -> Option<String> {
    let mut fields: BTreeSet<String> = BTreeSet::new();
    for chunk in asked.snapshot.chunks.iter().rev().take(CHUNKS_SEARCHED_MAX) {
        let Ok(footer) = chunk.footer() else { continue };
        for (name, stats) in &footer.fields {
            let counts = stats.counts.as_deref().unwrap_or(&[]);
            if counts.binary_search_by(|(value, _)| value.as_slice().cmp(phrase.as_bytes())).is_ok() {
                fields.insert(name.clone());
            }
        }
    }
    let mut fields = fields.into_iter();
    let (Some(name), None) = (fields.next(), fields.next()) else { return None };
    let (field, predicate) = (FieldName::Exact(name), Predicate::Equal(Literal::bare(phrase)));
    let instead = Filter::Field(FieldMatch { field, predicate });
    let phrase = Filter::Text(TextMatch::Phrase(phrase.to_owned()));
    Some(format!("{phrase} is a value of one field alone; {instead} reads that column only"))
}
