//! Conditions without parts, numbered as they stand in the query, and what is learnt of each of them.

use gastrolog_format::Footer;
use gastrolog_format::row_group::Header;
use gastrolog_query::Filter;

use crate::cost::{self, Looks, RowCost};
use crate::estimate::{Share, share_of_leaf};

/// The conditions without parts, in the order they stand.
pub(crate) fn leaves(filter: &Filter) -> Vec<&Filter> {
    let mut found = Vec::new();
    collect(filter, &mut found);
    found
}

fn collect<'f>(filter: &'f Filter, found: &mut Vec<&'f Filter>) {
    match filter {
        Filter::All => {}
        Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|f| collect(f, found)),
        Filter::Not(inner) => collect(inner, found),
        Filter::Text(_) | Filter::Field(_) => found.push(filter),
    }
}

/// What one condition costs and lets through, summed up over row groups.
#[derive(Clone, Debug, Default)]
struct Tally {
    share_by_rows: f64,
    share_rows: f64,
    counted: bool,
    nanos: f64,
    decode_nanos: f64,
    rows: f64,
    looks: Option<(Looks, f64)>,
}

/// What is learnt of the leaves of a filter while chunks are looked at.
#[derive(Clone, Debug)]
pub(crate) struct Leaves<'f> {
    filters: Vec<&'f Filter>,
    tallies: Vec<Tally>,
}

/// What is known of a leaf in the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) share: f64,
    pub(crate) counted: bool,
    pub(crate) cost: RowCost,
}

impl<'f> Leaves<'f> {
    pub(crate) fn of(filter: &'f Filter) -> Leaves<'f> {
        let filters = leaves(filter);
        let tallies = filters.iter().map(|_| Tally { counted: true, ..Tally::default() }).collect();
        Leaves { filters, tallies }
    }

    pub(crate) fn filters(&self) -> &[&'f Filter] {
        &self.filters
    }

    /// The share of a chunk's rows that each leaf lets through.
    pub(crate) fn shares(&self, footer: &Footer) -> Vec<Share> {
        self.filters.iter().map(|leaf| share_of_leaf(leaf, footer)).collect()
    }

    /// Takes in the shares among so many rows that are tested.
    pub(crate) fn learn_shares(&mut self, shares: &[Share], rows: u64) {
        for (tally, share) in self.tallies.iter_mut().zip(shares) {
            tally.share_by_rows += share.of_rows * rows as f64;
            tally.share_rows += rows as f64;
            tally.counted &= share.counted;
        }
    }

    /// Takes in what testing the rows of a row group costs.
    pub(crate) fn learn_costs(&mut self, header: &Header) {
        let rows = f64::from(header.rows);
        for (tally, leaf) in self.tallies.iter_mut().zip(&self.filters) {
            let cost = cost_of(leaf, Some(header));
            tally.nanos += cost.nanos * rows;
            tally.decode_nanos += cost.decode_nanos * rows;
            tally.rows += rows;
            if tally.looks.is_none_or(|(_, before)| cost.nanos * rows > before) {
                tally.looks = Some((cost.looks, cost.nanos * rows));
            }
        }
    }

    /// What is known of a leaf, by its number.
    pub(crate) fn known(&self, leaf: usize) -> Known {
        let (Some(tally), Some(filter)) = (self.tallies.get(leaf), self.filters.get(leaf)) else {
            let cost = RowCost { nanos: 0.0, decode_nanos: 0.0, looks: Looks::Shapes };
            return Known { share: 1.0, counted: false, cost };
        };
        let unseen = tally.share_rows == 0.0;
        let share = if unseen {
            share_of_leaf(filter, &Footer::default()).of_rows
        } else {
            tally.share_by_rows / tally.share_rows
        };
        let cost = match tally.looks {
            Some((looks, _)) => {
                let rows = tally.rows.max(1.0);
                RowCost { nanos: tally.nanos / rows, decode_nanos: tally.decode_nanos / rows, looks }
            }
            None => cost_of(filter, None),
        };
        Known { share, counted: tally.counted && !unseen, cost }
    }
}

fn cost_of(leaf: &Filter, header: Option<&Header>) -> RowCost {
    match leaf {
        Filter::Text(text) => cost::of_text(text, header),
        Filter::Field(field) => cost::of_field(field, header),
        _ => RowCost { nanos: 0.0, decode_nanos: 0.0, looks: Looks::Shapes },
    }
}
