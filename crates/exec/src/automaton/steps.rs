//! Where a [`Machine`] is after the values of a column: for all of them at once where they are of one kind, once
//! for each distinct value or pattern, and by their bytes only where nothing else tells.

use gastrolog_format::Ids;
use gastrolog_format::column::{Column, Exceptions, Pattern};
use gastrolog_types::{TimeLayout, Timestamp};

use super::machine::{ByteSet, DEAD, Machine, State};

const DAY_NS: i64 = 86_400_000_000_000;

/// Of the values that come with one state, at least one in so many must be there for the whole column to be worth
/// a walk.
const SHARE_MIN: usize = 4;

/// The state after each value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Steps {
    /// The same for all.
    All(State),
    /// By the place of the value.
    Each(Vec<State>),
}

impl Steps {
    fn each(states: Vec<State>) -> Steps {
        match states.first() {
            Some(&first) if states.iter().all(|&s| s == first) => Steps::All(first),
            _ => Steps::Each(states),
        }
    }

    /// The state of the value `i`.
    #[inline]
    pub(crate) fn get(&self, i: usize) -> State {
        match self {
            Steps::All(state) => *state,
            Steps::Each(states) => states.get(i).copied().unwrap_or(DEAD),
        }
    }

    /// The states after the same bytes in every row.
    pub(crate) fn literal(self, machine: &mut Machine, text: &[u8]) -> Steps {
        if text.is_empty() {
            return self;
        }
        self.map(&mut |state| machine.run(state, text))
    }

    /// What is known when all texts end here.
    pub(crate) fn end(self, machine: &mut Machine) -> Steps {
        self.map(&mut |state| machine.end(state))
    }

    fn map(self, next: &mut dyn FnMut(State) -> State) -> Steps {
        match self {
            Steps::All(state) => Steps::All(next(state)),
            Steps::Each(mut states) => {
                let mut met: Vec<bool> = Vec::new();
                for &state in &states {
                    if met.get(state as usize) != Some(&true) {
                        met.resize(met.len().max(state as usize + 1), false);
                        met.get_mut(state as usize).into_iter().for_each(|m| *m = true);
                    }
                }
                let state = |(at, met): (usize, &bool)| if *met { next(at as State) } else { DEAD };
                let table: Vec<State> = met.iter().enumerate().map(state).collect();
                states.iter_mut().for_each(|s| *s = table.get(*s as usize).copied().unwrap_or(DEAD));
                Steps::each(states)
            }
        }
    }
}

/// The states after the values of `column` when all texts come with the same state.
pub(crate) fn after_column(machine: &mut Machine, column: &Column, state: State) -> Steps {
    if state <= DEAD {
        return Steps::All(state);
    }
    match column {
        Column::Constant { value, .. } => Steps::All(machine.run(state, value)),
        Column::Dictionary { values, ids } => {
            let after: Vec<State> = values.iter().map(|v| machine.run(state, v)).collect();
            match Steps::each(after) {
                Steps::Each(after) => Steps::each(by_id(ids, &after)),
                all => all,
            }
        }
        Column::Text(values) => Steps::each(values.iter().map(|v| machine.run(state, v)).collect()),
        Column::Pattern { rest, .. } => {
            let of_rest = rest.iter().map(|v| machine.run(state, v)).collect();
            after_patterns(machine, column, state, of_rest)
        }
        Column::Integer { values, exceptions } => {
            let negative = values.iter().fold(0, |all, v| all | v) < 0;
            let set = if negative { b"0123456789-".as_slice() } else { b"0123456789" };
            of_kind(machine, column, state, ByteSet(set), exceptions)
        }
        Column::Decimal { exceptions, .. } => {
            of_kind(machine, column, state, ByteSet(b"0123456789-."), exceptions)
        }
        Column::Ipv4 { exceptions, .. } => {
            of_kind(machine, column, state, ByteSet(b"0123456789."), exceptions)
        }
        Column::Hex { upper, dashes, exceptions, width, .. } if *width > 0 => {
            let set: &[u8] = match (upper, dashes) {
                (false, false) => b"0123456789abcdef",
                (true, false) => b"0123456789ABCDEF",
                (false, true) => b"0123456789abcdef-",
                (true, true) => b"0123456789ABCDEF-",
            };
            of_kind(machine, column, state, ByteSet(set), exceptions)
        }
        Column::Time { layout, ticks, exceptions } => {
            match form_of_times(layout, ticks).and_then(|form| machine.run_form(state, &form)) {
                Some(after) => with_exceptions(machine, state, after, column.len(), exceptions),
                None => by_value(machine, column, state),
            }
        }
        Column::Hex { .. } => by_value(machine, column, state),
    }
}

/// What is known when the values of `column` are whole texts.
pub(crate) fn ends(machine: &mut Machine, column: &Column) -> Steps {
    let start = machine.start();
    match column {
        Column::Pattern { rest, .. } => {
            let of_rest = machine.ends(rest);
            after_patterns(machine, column, start, of_rest).end(machine)
        }
        Column::Text(values) => Steps::each(machine.ends(values)),
        _ => after_column(machine, column, start).end(machine),
    }
}

/// As [`after_column`] for patterns, given the states after what has none.
fn after_patterns(machine: &mut Machine, column: &Column, state: State, of_rest: Vec<State>) -> Steps {
    let Column::Pattern { patterns, ids, ranks, .. } = column else { return Steps::All(DEAD) };
    let mut after: Vec<Steps> =
        patterns.iter().map(|p| after_pattern(machine, p, Steps::All(state))).collect();
    if !of_rest.is_empty() {
        after.push(Steps::each(of_rest));
    }
    let same = |s: &Steps| if let Steps::All(state) = s { Some(*state) } else { None };
    if let Some(table) = after.iter().map(same).collect::<Option<Vec<State>>>() {
        return match table.first() {
            Some(&first) if table.iter().all(|&s| s == first) => Steps::All(first),
            _ => Steps::each(by_id(ids, &table)),
        };
    }
    let of =
        |(i, &rank): (usize, &u32)| after.get(ids.get(i) as usize).map_or(DEAD, |s| s.get(rank as usize));
    Steps::each(ranks.iter().enumerate().map(of).collect())
}

/// The entry of a table that each id names.
fn by_id(ids: &Ids, table: &[State]) -> Vec<State> {
    let of = |id: usize| table.get(id).copied().unwrap_or(DEAD);
    match ids {
        Ids::U8(ids) => {
            let mut full = [DEAD; 256];
            full.iter_mut().zip(table).for_each(|(f, t)| *f = *t);
            ids.iter().map(|&id| full[id as usize]).collect()
        }
        Ids::U16(ids) => ids.iter().map(|&id| of(id as usize)).collect(),
        Ids::U32(ids) => ids.iter().map(|&id| of(id as usize)).collect(),
    }
}

/// The states after values that all are bytes of one kind, if it matters not which.
fn of_kind(
    machine: &mut Machine,
    column: &Column,
    state: State,
    set: ByteSet,
    exceptions: &Exceptions,
) -> Steps {
    match machine.repeat(state, set) {
        Some(after) => with_exceptions(machine, state, after, column.len(), exceptions),
        None => by_value(machine, column, state),
    }
}

fn with_exceptions(
    machine: &mut Machine,
    state: State,
    after: State,
    rows: usize,
    exceptions: &Exceptions,
) -> Steps {
    if exceptions.rows.is_empty() {
        return Steps::All(after);
    }
    let mut states = vec![after; rows];
    for (&row, value) in exceptions.rows.iter().zip(exceptions.values.iter()) {
        if let Some(place) = states.get_mut(row as usize) {
            *place = machine.run(state, value);
        }
    }
    Steps::each(states)
}

fn by_value(machine: &mut Machine, column: &Column, state: State) -> Steps {
    let mut scratch = Vec::new();
    let of = |i: usize| machine.run(state, column.value(i, &mut scratch));
    Steps::each((0..column.len()).map(of).collect())
}

/// How all times of a column are written, `0` for each digit, if that is the same for all: they lie within a day,
/// so each of them falls on the day of the first or of the last.
fn form_of_times(layout: &TimeLayout, ticks: &[i64]) -> Option<Vec<u8>> {
    let (min, max) = (*ticks.iter().min()?, *ticks.iter().max()?);
    let time = |tick| Some(layout.timestamp(tick, Timestamp(0))).filter(|t| t.is_some());
    let span_ns = time(max)?.0.checked_sub(time(min)?.0)?;
    if !(0..DAY_NS).contains(&span_ns) {
        return None;
    }
    let form = |tick| {
        let mut text = Vec::new();
        layout.format(tick, &mut text);
        // Ticks that no time of this layout has are written as a number.
        layout.parse(&text).filter(|&t| t == tick)?;
        text.iter_mut().filter(|b| b.is_ascii_digit()).for_each(|b| *b = b'0');
        Some(text)
    };
    form(min).filter(|first| form(max).as_ref() == Some(first))
}

/// The states after the texts of a pattern.
fn after_pattern(machine: &mut Machine, pattern: &Pattern, states: Steps) -> Steps {
    let mut states = states;
    for (i, variable) in pattern.variables.iter().enumerate() {
        states = states.literal(machine, pattern.literals.get(i));
        states = advance(machine, variable, states, &|i| i, &mut after_column);
    }
    states.literal(machine, pattern.literals.get(pattern.variables.len()))
}

/// Finds the states after a whole column that all texts enter with one state.
type Walk<'w> = dyn FnMut(&mut Machine, &Column, State) -> Steps + 'w;

/// The states after one more value in each row; `rank` says which value of the column is that of a row.
pub(crate) fn advance(
    machine: &mut Machine,
    column: &Column,
    before: Steps,
    rank: &dyn Fn(usize) -> usize,
    walk: &mut Walk<'_>,
) -> Steps {
    let mut states = match before {
        Steps::All(state) => return walk(machine, column, state),
        Steps::Each(states) => states,
    };
    let mut counts: Vec<u32> = Vec::new();
    for &state in &states {
        counts.resize(counts.len().max(state as usize + 1), 0);
        counts.get_mut(state as usize).into_iter().for_each(|n| *n += 1);
    }
    let cheap = matches!(column, Column::Constant { .. } | Column::Dictionary { .. });
    let whole: Vec<Option<Steps>> = counts
        .iter()
        .enumerate()
        .map(|(state, &n)| {
            let many = n as usize * SHARE_MIN >= column.len();
            (n > 0 && (many || (cheap && n > 64))).then(|| walk(machine, column, state as State))
        })
        .collect();
    let mut scratch = Vec::new();
    for (row, state) in states.iter_mut().enumerate().filter(|(_, s)| **s > DEAD) {
        *state = match whole.get(*state as usize) {
            Some(Some(steps)) => steps.get(rank(row)),
            _ => machine.run(*state, column.value(rank(row), &mut scratch)),
        };
    }
    Steps::each(states)
}
