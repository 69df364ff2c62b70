//! Regular expressions over texts in pieces: an automaton goes from state to state by the pieces of a text, so that what
//! many texts share (literals, entries of dictionaries) is looked at once and not spliced first.
//!
//! Whether there is a match is the same as `gastrolog_query::matches` says of the whole text.

mod steps;

use gastrolog_chunk::ReadError;
use gastrolog_query::Regex;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, nfa::thompson};

use self::steps::{State, append, append_literal};
use crate::bits::Bits;
use crate::view::View;
use gastrolog_format::column::Column;

/// Bytes an automaton may take. Expressions that need more are run on whole texts instead.
const BYTES_MAX: usize = 1 << 20;

/// A regular expression that can be run piece by piece.
pub(crate) struct Automaton {
    dfa: dense::DFA<Vec<u32>>,
    start: State,
}

impl Automaton {
    /// The automaton of an expression, if it does not become too large.
    pub(crate) fn new(regex: &Regex) -> Option<Automaton> {
        let config = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            .accelerate(false)
            .dfa_size_limit(Some(BYTES_MAX))
            .determinize_size_limit(Some(BYTES_MAX));
        let dfa = dense::Builder::new()
            .configure(config)
            .syntax(syntax::Config::new().unicode(true).utf8(false))
            .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(BYTES_MAX)))
            .build(&regex.source)
            .ok()?;
        let start = dfa.start_state(&start::Config::new().anchored(Anchored::No)).ok()?;
        Some(Automaton { dfa, start: start.as_u32() })
    }

    fn id(state: State) -> StateID {
        StateID::new(state as usize).unwrap_or(StateID::ZERO)
    }

    /// The state after some bytes. A state that settles whether there is a match stays.
    #[inline]
    fn run(&self, state: State, bytes: &[u8]) -> State {
        let mut id = Self::id(state);
        if self.dfa.is_special_state(id) {
            return state;
        }
        for &byte in bytes {
            id = self.dfa.next_state(id, byte);
            if self.dfa.is_special_state(id) {
                break;
            }
        }
        id.as_u32()
    }

    /// Whether a text that ends in this state matches.
    fn accepts(&self, state: State) -> bool {
        let id = Self::id(state);
        self.dfa.is_match_state(id)
            || (!self.dfa.is_special_state(id) && self.dfa.is_match_state(self.dfa.next_eoi_state(id)))
    }

    /// The state in which any number (from one on) of any of these bytes ends, if it is one and the same.
    fn settles(&self, state: State, class: &[u8]) -> Option<State> {
        let id = Self::id(state);
        if self.dfa.is_special_state(id) {
            return Some(state);
        }
        let (&first, _) = class.split_first()?;
        let next = self.dfa.next_state(id, first);
        let stays = |from: StateID| class.iter().all(|&byte| self.dfa.next_state(from, byte) == next);
        (stays(id) && (self.dfa.is_special_state(next) || stays(next))).then(|| next.as_u32())
    }

    /// Which of the values of a column match.
    pub(crate) fn values(&self, column: &Column) -> Bits {
        let ranks: Vec<u32> = (0..column.len() as u32).collect();
        let mut states = vec![self.start; ranks.len()];
        append(self, column, &ranks, &mut states);
        let mut known = steps::Memo::default();
        let accepts = |state: &State| known.get(*state, |state| u32::from(self.accepts(state))) != 0;
        Bits::from_tests(states.iter().map(accepts), states.len())
    }

    /// Which of some rows have a text that matches.
    pub(crate) fn texts(&self, view: &View<'_>, among: &Bits) -> Result<Bits, ReadError> {
        let mut hits = Bits::none(among.rows());
        let mut by_shape: Vec<Vec<u32>> = view.shapes.shapes.iter().map(|_| Vec::new()).collect();
        for row in among.iter() {
            let shape = view.shape_ids.get(row) as usize;
            by_shape.get_mut(shape).into_iter().for_each(|rows| rows.push(row as u32));
        }
        for (shape, rows) in view.shapes.shapes.iter().zip(by_shape).filter(|(_, rows)| !rows.is_empty()) {
            let mut states = vec![self.start; rows.len()];
            append_literal(self, shape.literals.get(0), &mut states);
            let mut ranks = Vec::with_capacity(rows.len());
            for (k, &column) in shape.slots.iter().enumerate() {
                ranks.clear();
                if view.is_everywhere(column) {
                    ranks.extend_from_slice(&rows);
                } else {
                    for &row in &rows {
                        // A shape has all the columns of its slots.
                        ranks.push(view.rank(column, row as usize)?.map_or(u32::MAX, |rank| rank as u32));
                    }
                }
                append(self, view.column(column)?, &ranks, &mut states);
                append_literal(self, shape.literals.get(k + 1), &mut states);
            }
            let mut known = steps::Memo::default();
            for (&row, &state) in rows.iter().zip(&states) {
                if known.get(state, |state| u32::from(self.accepts(state))) != 0 {
                    hits.set(row as usize);
                }
            }
        }
        Ok(hits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{column, texts};
    use proptest::prelude::*;

    const EXPRESSIONS: [&str; 16] = [
        "[ab]{2}",
        "x-[a-c]",
        "^/user/\\d+$",
        "[0-9]+/x-.*y$",
        "1\\.2",
        "(?i)USER|0",
        "$",
        "^$",
        "^-",
        ".",
        "(?s)^.{3}$",
        "[^0-9]",
        "(1|2|3)+[4-9]",
        "00",
        "é",
        "(?-u)\\b1",
    ];

    proptest! {
        #[test]
        fn columns_match_as_their_texts_do(values in texts(), expression in proptest::sample::select(&EXPRESSIONS)) {
            let regex = Regex::new(expression).unwrap();
            let automaton = Automaton::new(&regex).unwrap();
            let hits = automaton.values(&column(&values));
            for (i, value) in values.iter().enumerate() {
                prop_assert_eq!(hits.has(i), regex.compiled.is_match(value.as_bytes()), "{} in {}", expression, value);
            }
        }
    }
}
