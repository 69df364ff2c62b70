//! Regular expressions on columns: which values or whole texts of a row group match, without putting texts together.
//!
//! A text is literals of its shape and values of columns. The automaton of an expression is walked over these
//! pieces: over a literal once for all rows, over a dictionary once for each value, over numbers not at all where any
//! number leads to the same state. Rows are told apart only where the states are.
//!
//! **Invariant:** what is told of a row is what the compiled expression says of its text.

mod machine;
mod steps;

use std::collections::HashMap;

use gastrolog_chunk::ReadError;
use gastrolog_format::column::Column;
use gastrolog_query::Regex;

use self::machine::{DEAD, MATCHED, Machine, State, UNKNOWN, with_machine};
use self::steps::{Steps, advance, after_column, ends};
use crate::bits::Bits;
use crate::view::View;

/// The values of a column that match; worth nothing where the query is to stop, see [`View::go_on`].
pub(crate) fn values_matching(view: &View<'_>, column: &Column, regex: &Regex) -> Bits {
    let told = with_machine(regex, |machine| ends(machine, column));
    match told.unwrap_or(Steps::All(UNKNOWN)) {
        Steps::All(MATCHED) => Bits::all(column.len()),
        Steps::All(DEAD) => Bits::none(column.len()),
        Steps::Each(told) if !told.contains(&UNKNOWN) => Bits::from_slice(&told, None, |&s| s == MATCHED),
        told => {
            let mut scratch = Vec::new();
            let mut matches = |i: usize| match told.get(i) {
                UNKNOWN => {
                    let value = column.value(i, &mut scratch);
                    !view.is_over(value.len()) && regex.compiled.is_match(value)
                }
                known => known == MATCHED,
            };
            Bits::from_tests((0..column.len()).map(&mut matches), column.len())
        }
    }
}

/// The rows whose text matches; in the second set those that have to be looked at.
pub(crate) fn texts_matching(view: &View<'_>, regex: &Regex) -> Result<(Bits, Bits), ReadError> {
    let none = || Bits::none(view.rows());
    let told = with_machine(regex, |machine| Texts::new(view, machine).walk());
    told.unwrap_or_else(|| Ok((none(), Bits::all(view.rows()))))
}

/// A walk over all texts of a row group.
struct Texts<'w, 'v> {
    view: &'w View<'v>,
    machine: &'w mut Machine,
    /// The states after a column, by the state before it.
    known: HashMap<(u32, State), Steps>,
}

impl<'w, 'v> Texts<'w, 'v> {
    fn new(view: &'w View<'v>, machine: &'w mut Machine) -> Texts<'w, 'v> {
        Texts { view, machine, known: HashMap::new() }
    }

    fn walk(mut self) -> Result<(Bits, Bits), ReadError> {
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); self.view.shapes.shapes.len()];
        for row in 0..self.view.rows() {
            let shape = self.view.shape_ids.get(row) as usize;
            rows.get_mut(shape).into_iter().for_each(|rows| rows.push(row as u32));
        }
        let (mut hits, mut open) = (Bits::none(self.view.rows()), Bits::none(self.view.rows()));
        for (shape, rows) in rows.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            let told = self.shape(shape, rows)?;
            for (k, &row) in rows.iter().enumerate() {
                match told.get(k) {
                    MATCHED => hits.set(row as usize),
                    UNKNOWN => open.set(row as usize),
                    _ => {}
                }
            }
        }
        Ok((hits, open))
    }

    /// What is known of the rows of a shape.
    fn shape(&mut self, shape: usize, rows: &[u32]) -> Result<Steps, ReadError> {
        let view = self.view;
        let Some(shape) = view.shapes.shapes.get(shape) else { return Ok(Steps::All(UNKNOWN)) };
        let mut states = Steps::All(self.machine.start());
        for (i, &column) in shape.slots.iter().enumerate() {
            states = states.literal(self.machine, shape.literals.get(i));
            if matches!(states, Steps::All(state) if state <= DEAD) {
                return Ok(states);
            }
            states = self.slot(column, rows, states)?;
        }
        Ok(states.literal(self.machine, shape.literals.get(shape.slots.len())).end(self.machine))
    }

    /// The states after one more value in each of `rows`.
    fn slot(&mut self, i: u32, rows: &[u32], before: Steps) -> Result<Steps, ReadError> {
        let view = self.view;
        let column = view.column(i)?;
        let ranks = Ranks::of(view, i, rows)?;
        let known = &mut self.known;
        let mut walk = |machine: &mut Machine, column: &Column, state: State| {
            known.entry((i, state)).or_insert_with(|| after_column(machine, column, state)).clone()
        };
        let before = match before {
            Steps::All(state) if rows.len() * 4 >= column.len() => {
                let after = walk(self.machine, column, state);
                return Ok(ranks.select(after, rows.len()));
            }
            Steps::All(state) => Steps::Each(vec![state; rows.len()]),
            each => each,
        };
        Ok(advance(self.machine, column, before, &|k| ranks.get(k), &mut walk))
    }
}

/// Which value of a column each of some rows has.
enum Ranks<'r> {
    /// Their values are all there are.
    Same,
    /// Every row has a value.
    Rows(&'r [u32]),
    Listed(Vec<u32>),
}

impl<'r> Ranks<'r> {
    /// Of rows that all have a value in column `i`.
    fn of(view: &View<'_>, i: u32, rows: &'r [u32]) -> Result<Ranks<'r>, ReadError> {
        let values = view.header().columns.get(i as usize).map_or(0, |m| m.values as usize);
        if values == rows.len() {
            return Ok(Ranks::Same);
        }
        if view.is_everywhere(i) {
            return Ok(Ranks::Rows(rows));
        }
        let rank = |&row: &u32| Ok(view.rank(i, row as usize)?.unwrap_or(usize::MAX) as u32);
        rows.iter().map(rank).collect::<Result<_, _>>().map(Ranks::Listed)
    }

    fn get(&self, k: usize) -> usize {
        let listed = match self {
            Ranks::Same => return k,
            Ranks::Rows(rows) => *rows,
            Ranks::Listed(ranks) => ranks,
        };
        listed.get(k).map_or(usize::MAX, |&rank| rank as usize)
    }

    /// From the states of all values to those of the rows.
    fn select(&self, states: Steps, rows: usize) -> Steps {
        match (states, self) {
            (states @ Steps::All(_), _) | (states, Ranks::Same) => states,
            (states, _) => Steps::Each((0..rows).map(|k| states.get(self.get(k))).collect()),
        }
    }
}
