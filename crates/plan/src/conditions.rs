//! The conditions that a filter joins by AND: in which order they are asked, what answers each, what each leaves.

use std::collections::BTreeMap;

use gastrolog_query::Filter;

use crate::cost::Looks;
use crate::leaves::Leaves;
use crate::predicates::{PredicateNote, note};
use crate::{Proof, Reason};

/// One of the conditions that the filter joins by AND. The executor asks them in the order of [`crate::Plan::conditions`],
/// and the parts of each in the order in which they stand in its `filter`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The condition. Its parts stand in the order in which they are asked, not as the query has them.
    pub filter: Filter,
    /// As the query language writes it.
    pub text: String,
    /// Its parts that have none themselves, each with what answers it.
    pub notes: Vec<PredicateNote>,
    /// The part of a row group that most of its cost comes from.
    pub looks: Looks,
    /// Share of the rows it is asked of that are likely to be left.
    pub share: f64,
    /// Whether that comes from counts alone, and is no guess.
    pub counted: bool,
    /// What asking one row costs, likely.
    pub nanos_per_row: f64,
    /// What decoding its columns costs, likely.
    pub decode_ns: f64,
    /// Rows that it is likely to be asked of: those of the row groups that are read, as far as conditions before it
    /// leave them.
    pub rows_in: u64,
    /// Rows that it is likely to leave.
    pub rows_out: u64,
    /// Chunks that it rules out, by the reason.
    pub chunks_pruned: BTreeMap<Reason, u64>,
    /// Row groups of other chunks that it rules out, by the reason.
    pub row_groups_pruned: BTreeMap<Reason, u64>,
}

impl Condition {
    /// Time that asking it takes, likely, its columns decoded for it alone.
    pub fn estimated_ns(&self) -> u64 {
        (self.rows_in as f64 * self.nanos_per_row + self.decode_ns) as u64
    }

    /// Time that asking it takes, its columns not counted.
    pub(crate) fn test_ns(&self) -> f64 {
        self.rows_in as f64 * self.nanos_per_row
    }
}

/// The order of conditions: what costs little for each row that it spares comes first.
fn rank(nanos: f64, spared: f64) -> f64 {
    nanos / spared.max(1e-6)
}

/// How often each condition, by its place in the query, ruled something out.
pub(crate) type Ruled = Vec<BTreeMap<Reason, u64>>;

/// The parts that a filter joins by AND, as the query has them.
pub(crate) fn parts_of(filter: &Filter) -> &[Filter] {
    match filter {
        Filter::All => &[],
        Filter::And(parts) => parts,
        one => std::slice::from_ref(one),
    }
}

/// Proves a filter condition by condition; the one that rules everything out is counted.
pub(crate) fn prove_parts(
    filter: &Filter,
    ruled: &mut Ruled,
    prove: &mut dyn FnMut(&Filter) -> Result<Proof, String>,
) -> Result<Proof, String> {
    let mut all = Proof::Always;
    for (part, ruled) in parts_of(filter).iter().zip(ruled) {
        match prove(part)? {
            Proof::Never(reason) => {
                *ruled.entry(reason).or_default() += 1;
                return Ok(Proof::Never(reason));
            }
            Proof::Maybe => all = Proof::Maybe,
            Proof::Always => {}
        }
    }
    Ok(all)
}

/// The conditions in the order in which they are best asked of so many rows.
pub(crate) fn ordered(
    filter: &Filter,
    leaves: &Leaves<'_>,
    rows: u64,
    (chunks, groups): (Ruled, Ruled),
) -> Vec<Condition> {
    let mut next_leaf = 0;
    let mut conditions = Vec::new();
    for ((part, chunks_pruned), row_groups_pruned) in parts_of(filter).iter().zip(chunks).zip(groups) {
        let first_leaf = next_leaf;
        let best = best_order(part, leaves, &mut next_leaf);
        let of_part = leaves.filters().get(first_leaf..next_leaf).unwrap_or_default();
        conditions.push(Condition {
            text: part.to_string(),
            notes: of_part.iter().filter_map(|leaf| note(leaf)).collect(),
            looks: best.looks,
            share: best.share,
            counted: (first_leaf..next_leaf).all(|leaf| leaves.known(leaf).counted),
            nanos_per_row: best.nanos,
            decode_ns: best.decode_nanos * rows as f64,
            filter: best.filter,
            rows_in: 0,
            rows_out: 0,
            chunks_pruned,
            row_groups_pruned,
        });
    }
    let rank_of = |c: &Condition| rank(c.nanos_per_row + c.decode_ns / rows.max(1) as f64, 1.0 - c.share);
    conditions.sort_by(|a, b| rank_of(a).total_cmp(&rank_of(b)));
    let mut left = rows as f64;
    for condition in &mut conditions {
        condition.rows_in = left.round() as u64;
        left *= condition.share;
        condition.rows_out = left.round() as u64;
    }
    conditions
}

/// A filter with its parts in the best order, what it lets through, and what it costs.
struct Best {
    filter: Filter,
    share: f64,
    nanos: f64,
    decode_nanos: f64,
    looks: Looks,
}

fn best_order(filter: &Filter, leaves: &Leaves<'_>, next_leaf: &mut usize) -> Best {
    match filter {
        Filter::All => {
            Best { filter: Filter::All, share: 1.0, nanos: 0.0, decode_nanos: 0.0, looks: Looks::Shapes }
        }
        Filter::Text(_) | Filter::Field(_) => {
            let known = leaves.known(*next_leaf);
            *next_leaf += 1;
            let (share, nanos) = (known.share.clamp(0.0, 1.0), known.cost.nanos);
            let (decode_nanos, looks) = (known.cost.decode_nanos, known.cost.looks);
            Best { filter: filter.clone(), share, nanos, decode_nanos, looks }
        }
        Filter::Not(inner) => {
            let inner = best_order(inner, leaves, next_leaf);
            Best { filter: Filter::Not(Box::new(inner.filter)), share: 1.0 - inner.share, ..inner }
        }
        Filter::And(parts) => {
            let parts = parts.iter().map(|p| best_order(p, leaves, next_leaf)).collect();
            // Rows that a part lets through are asked of the next.
            joined(parts, Filter::And, |part| part.share)
        }
        Filter::Or(parts) => {
            let parts = parts.iter().map(|p| best_order(p, leaves, next_leaf)).collect();
            // Rows that a part takes are not asked of the next.
            let mut best = joined(parts, Filter::Or, |part| 1.0 - part.share);
            best.share = 1.0 - best.share;
            best
        }
    }
}

/// Parts in the order of their rank, where `goes_on` is the share of rows that the next part is asked of.
fn joined(mut parts: Vec<Best>, join: fn(Vec<Filter>) -> Filter, goes_on: fn(&Best) -> f64) -> Best {
    let rank_of = |part: &Best| rank(part.nanos + part.decode_nanos, 1.0 - goes_on(part));
    parts.sort_by(|a, b| rank_of(a).total_cmp(&rank_of(b)));
    let (mut left, mut nanos) = (1.0, 0.0);
    for part in &parts {
        nanos += left * part.nanos;
        left *= goes_on(part);
    }
    let decode_nanos = parts.iter().map(|p| p.decode_nanos).sum();
    let dearest = parts.iter().max_by(|a, b| a.nanos.total_cmp(&b.nanos)).map_or(Looks::Shapes, |p| p.looks);
    Best {
        filter: join(parts.into_iter().map(|p| p.filter).collect()),
        share: left,
        nanos,
        decode_nanos,
        looks: dearest,
    }
}
