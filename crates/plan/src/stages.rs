//! What the stages behind the filter are likely to take and give.

use std::collections::BTreeMap;

use gastrolog_format::Footer;
use gastrolog_query::{Filter, GroupKey, Query, Stage};

use crate::estimate::{combine, share_of_leaf};
use crate::leaves::leaves;

/// Rows into a stage and out of it, likely; `None`: not known before it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageEstimate {
    /// Rows in.
    pub rows_in: Option<u64>,
    /// Rows out.
    pub rows_out: Option<u64>,
}

/// Distinct values of the fields that rows are grouped by: of each the most that one chunk has.
#[derive(Clone, Debug)]
pub(crate) struct Distinct<'q> {
    known: BTreeMap<&'q str, Option<u64>>,
}

impl<'q> Distinct<'q> {
    /// For the fields that the stages of a query group by.
    pub(crate) fn of(query: &'q Query) -> Distinct<'q> {
        let names = query.stages.iter().flat_map(grouped_by);
        Distinct { known: names.map(|name| (name, Some(0))).collect() }
    }

    /// Takes in what a chunk knows.
    pub(crate) fn learn(&mut self, footer: &Footer) {
        for (name, most) in &mut self.known {
            let here = match footer.fields.get(*name) {
                None => Some(0),
                Some(stats) => stats.counts.as_ref().map(|counts| counts.len() as u64),
            };
            *most = most.zip(here).map(|(a, b)| a.max(b));
        }
    }

    fn get(&self, name: &str) -> Option<u64> {
        self.known.get(name).copied().flatten().filter(|&n| n > 0)
    }

    fn product(&self, names: &[String]) -> Option<u64> {
        names.iter().try_fold(1u64, |all, name| Some(all.saturating_mul(self.get(name)?)))
    }
}

fn grouped_by(stage: &Stage) -> Vec<&str> {
    let field = |key: &'_ GroupKey| matches!(key, GroupKey::Field(_));
    match stage {
        Stage::Stats { by, .. } => by.iter().filter(|k| field(k)).map(GroupKey::column).collect(),
        Stage::Timechart { by, .. } => by.iter().map(String::as_str).collect(),
        Stage::Top { fields, by, .. } => fields.iter().chain(by).map(String::as_str).collect(),
        Stage::Dedup { fields, .. } => fields.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The estimates of all stages, when so many records of so long a span come in.
pub(crate) fn estimates(
    query: &Query,
    rows: u64,
    span_ns: u64,
    distinct: &Distinct<'_>,
) -> Vec<StageEstimate> {
    let mut rows_in = Some(rows);
    let estimate = |stage: &Stage| {
        let rows_out = rows_in.and_then(|rows| rows_out(stage, rows, span_ns, distinct));
        StageEstimate { rows_in: std::mem::replace(&mut rows_in, rows_out), rows_out }
    };
    query.stages.iter().map(estimate).collect()
}

fn rows_out(stage: &Stage, rows: u64, span_ns: u64, distinct: &Distinct<'_>) -> Option<u64> {
    let bins = |width_ns: i64| span_ns / width_ns.max(1) as u64 + 1;
    match stage {
        Stage::Stats { by, .. } if by.is_empty() => Some(1),
        Stage::Stats { by, .. } => {
            let of_key = |key: &GroupKey| match key {
                GroupKey::Field(name) => distinct.get(name),
                GroupKey::TimeBin(width) => Some(bins(*width)),
                GroupKey::NumberBin { .. } => None,
            };
            by.iter().try_fold(1u64, |all, key| Some(all.saturating_mul(of_key(key)?))).map(|n| n.min(rows))
        }
        Stage::Timechart { width_ns, by, .. } => Some(distinct.product(by)?.saturating_mul(bins(*width_ns))),
        Stage::Top { count, fields, by, .. } => {
            let kinds = distinct.product(fields)?.min(*count);
            Some(distinct.product(by)?.saturating_mul(kinds).min(rows))
        }
        Stage::Where(filter) => Some((share_without_footer(filter) * rows as f64).ceil() as u64),
        Stage::Head(n) | Stage::Tail(n) => Some(rows.min(*n)),
        Stage::Dedup { count, fields } => Some(distinct.product(fields)?.saturating_mul(*count).min(rows)),
        Stage::Sample(n) => Some(rows / (*n).max(1)),
        Stage::Context { before, after } => {
            Some(rows.saturating_mul(before.saturating_add(*after).saturating_add(1)))
        }
        Stage::Patterns { .. } | Stage::New { .. } | Stage::Join { .. } => None,
        Stage::Eval(_)
        | Stage::Extract { .. }
        | Stage::Parse { .. }
        | Stage::Fields(_)
        | Stage::Rename(_)
        | Stage::Sort(_)
        | Stage::Lookup { .. } => Some(rows),
    }
}

fn share_without_footer(filter: &Filter) -> f64 {
    let nothing = Footer::default();
    let shares: Vec<f64> =
        leaves(filter).into_iter().map(|leaf| share_of_leaf(leaf, &nothing).of_rows).collect();
    combine(filter, &mut shares.into_iter())
}
