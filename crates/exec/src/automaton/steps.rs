//! From the states before the values of a column to those after.

use gastrolog_format::column::{Column, Exceptions, Pattern};

use super::Automaton;

/// A state of an automaton, as a number.
pub(super) type State = u32;

/// No state.
const NONE: State = u32::MAX;

/// What became of the states met last.
pub(super) struct Memo([(State, State); 32]);

impl Default for Memo {
    fn default() -> Memo {
        Memo([(NONE, NONE); 32])
    }
}

impl Memo {
    /// What `find` says of a state, asked only if it is not known.
    #[inline]
    pub(super) fn get(&mut self, state: State, find: impl FnOnce(State) -> State) -> State {
        // States are numbered in steps of a power of two: their low bits are all alike.
        let place = (state ^ state >> 5 ^ state >> 10) as usize % self.0.len();
        let Some(slot) = self.0.get_mut(place) else { return find(state) };
        if slot.0 != state {
            *slot = (state, find(state));
        }
        slot.1
    }
}

pub(super) fn append_literal(automaton: &Automaton, literal: &[u8], states: &mut [State]) {
    if literal.is_empty() {
        return;
    }
    let mut memo = Memo::default();
    states.iter_mut().for_each(|state| *state = memo.get(*state, |s| automaton.run(s, literal)));
}

/// Goes from each state by the value that the column has at the rank beside it.
pub(super) fn append(automaton: &Automaton, column: &Column, ranks: &[u32], states: &mut [State]) {
    match column {
        Column::Constant { value, .. } => append_literal(automaton, value, states),
        Column::Dictionary { values, ids } => {
            let mut last = vec![(NONE, NONE); values.len()];
            for (&rank, state) in ranks.iter().zip(states) {
                let id = ids.get(rank as usize) as usize;
                let Some(known) = last.get_mut(id) else { continue };
                if known.0 != *state {
                    *known = (*state, automaton.run(*state, values.get(id)));
                }
                *state = known.1;
            }
        }
        Column::Pattern { patterns, ids, ranks: inner, rest } => {
            // Where all texts begin in one state, many patterns lead to one, whatever their variables are.
            let first = states.first().copied().filter(|first| states.iter().all(|s| s == first));
            let end =
                |p: &Pattern| first.and_then(|state| uniform_pattern(automaton, p, state)).unwrap_or(NONE);
            let ends: Vec<State> = patterns.iter().map(end).collect();
            let mut of_pattern: Vec<Vec<u32>> = patterns.iter().map(|_| Vec::new()).collect();
            for (k, &rank) in ranks.iter().enumerate() {
                let id = ids.get(rank as usize) as usize;
                if let Some(&end) = ends.get(id).filter(|end| **end != NONE) {
                    states.get_mut(k).into_iter().for_each(|state| *state = end);
                    continue;
                }
                match of_pattern.get_mut(id) {
                    Some(places) => places.push(k as u32),
                    None => {
                        let text = rest.get(inner.get(rank as usize).map_or(0, |&r| r as usize));
                        states.get_mut(k).into_iter().for_each(|s| *s = automaton.run(*s, text));
                    }
                }
            }
            for (pattern, places) in patterns.iter().zip(of_pattern).filter(|(_, places)| !places.is_empty())
            {
                append_pattern(automaton, pattern, &places, ranks, inner, states);
            }
        }
        Column::Text(values) => {
            for (&rank, state) in ranks.iter().zip(states) {
                *state = automaton.run(*state, values.get(rank as usize));
            }
        }
        Column::Time { ticks, .. } => {
            // Records of one second mostly stand next to each other.
            let (mut last, mut scratch) = ((NONE, None, NONE), Vec::new());
            let whole = column.exceptions().is_none_or(|e| e.rows.is_empty());
            for (&rank, state) in ranks.iter().zip(states) {
                let tick = ticks.get(rank as usize).copied().filter(|_| whole);
                if tick.is_none() || (last.0, last.1) != (*state, tick) {
                    let text = column.value(rank as usize, &mut scratch);
                    last = (*state, tick, automaton.run(*state, text));
                }
                *state = last.2;
            }
        }
        Column::Integer { exceptions, .. }
        | Column::Decimal { exceptions, .. }
        | Column::Ipv4 { exceptions, .. }
        | Column::Hex { exceptions, .. } => {
            append_typed(automaton, column, exceptions, ranks, states);
        }
    }
}

/// The state in which all texts of a pattern end that begin in `state`, if it is easily seen to be one.
fn uniform_pattern(automaton: &Automaton, pattern: &Pattern, state: State) -> Option<State> {
    let mut state = automaton.run(state, pattern.literals.get(0));
    for (k, variable) in pattern.variables.iter().enumerate() {
        state = uniform(automaton, variable, state)?;
        state = automaton.run(state, pattern.literals.get(k + 1));
    }
    Some(state)
}

/// As [`uniform_pattern`] for the values of a column.
fn uniform(automaton: &Automaton, column: &Column, state: State) -> Option<State> {
    match column {
        Column::Constant { value, .. } => Some(automaton.run(state, value)),
        Column::Dictionary { values, .. } => {
            let end = automaton.run(state, values.get(0));
            values.iter().all(|value| automaton.run(state, value) == end).then_some(end)
        }
        Column::Integer { .. } | Column::Decimal { .. } | Column::Ipv4 { .. } | Column::Hex { .. } => {
            let whole = column.exceptions().is_none_or(|e| e.rows.is_empty());
            automaton.settles(state, class_of(column)).filter(|_| whole)
        }
        Column::Time { .. } | Column::Pattern { .. } | Column::Text(_) => None,
    }
}

/// The texts of one pattern: `places` are those that have it.
fn append_pattern(
    automaton: &Automaton,
    pattern: &Pattern,
    places: &[u32],
    ranks: &[u32],
    inner: &[u32],
    states: &mut [State],
) {
    let at = |place: &u32| *place as usize;
    let own_rank = |place: &u32| {
        let rank = ranks.get(at(place)).map_or(0, |&rank| rank as usize);
        inner.get(rank).copied().unwrap_or(0)
    };
    let own_ranks: Vec<u32> = places.iter().map(own_rank).collect();
    let mut own: Vec<State> = places.iter().filter_map(|place| states.get(at(place)).copied()).collect();
    append_literal(automaton, pattern.literals.get(0), &mut own);
    for (k, variable) in pattern.variables.iter().enumerate() {
        append(automaton, variable, &own_ranks, &mut own);
        append_literal(automaton, pattern.literals.get(k + 1), &mut own);
    }
    for (place, new) in places.iter().zip(own) {
        states.get_mut(at(place)).into_iter().for_each(|state| *state = new);
    }
}

/// Values made of few kinds of bytes: where any run of them leads to one state, they need not be written.
fn append_typed(
    automaton: &Automaton,
    column: &Column,
    exceptions: &Exceptions,
    ranks: &[u32],
    states: &mut [State],
) {
    let class = class_of(column);
    let mut memo = Memo::default();
    let mut scratch = Vec::new();
    for (&rank, state) in ranks.iter().zip(states) {
        let settled = memo.get(*state, |s| automaton.settles(s, class).unwrap_or(NONE));
        if settled != NONE && exceptions.get(rank as usize).is_none() {
            *state = settled;
        } else {
            *state = automaton.run(*state, column.value(rank as usize, &mut scratch));
        }
    }
}

/// The bytes that values of a typed column are made of.
fn class_of(column: &Column) -> &'static [u8] {
    match column {
        Column::Integer { values, .. } if values.iter().all(|&v| v >= 0) => b"0123456789",
        Column::Hex { upper: false, .. } => b"0123456789abcdef-",
        Column::Hex { .. } => b"0123456789ABCDEF-",
        _ => b"0123456789.-",
    }
}
