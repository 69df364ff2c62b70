//! A regular expression as a table of states that is filled while it is used: a text may be given to it in pieces.

use std::cell::RefCell;
use std::collections::HashMap;

use gastrolog_format::Strings;
use gastrolog_query::Regex;
use memchr::memmem::Finder;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::util::start;
use regex_automata::util::syntax;
use regex_automata::{Anchored, nfa::thompson};
use regex_syntax::hir::literal::{ExtractKind, Extractor};

/// A place in the table of a [`Machine`].
pub(crate) type State = u16;

/// The expression matches, whatever follows.
pub(crate) const MATCHED: State = 0;
/// Not known here: the whole text has to be looked at.
pub(crate) const UNKNOWN: State = 1;
/// The expression does not match, whatever follows.
pub(crate) const DEAD: State = 2;

/// Not yet in the table.
const UNSEEN: State = State::MAX;

/// Most states of a machine. Expressions have some dozen; one with more is run on whole texts.
const STATES_MAX: usize = 4096;

/// Memory of the automaton that fills the table.
const CACHE_BYTES: usize = 4 << 20;

/// Most states followed at once where only kinds of bytes are known.
const AT_ONCE_MAX: usize = 16;

/// As many expressions are kept by a thread.
const KEPT_MAX: usize = 4;

/// A regular expression that takes texts piece by piece. It says of a text what `Regex::compiled` says of it, or that
/// it does not know.
pub(crate) struct Machine {
    dfa: DFA,
    cache: Cache,
    /// The automaton's names of the states from 3 on.
    names: Vec<LazyStateID>,
    numbers: HashMap<LazyStateID, State>,
    /// For each state the next one by class of byte; the last class is the end of the text.
    table: Vec<State>,
    classes: [u8; 256],
    /// The class that stands for the end of the text.
    end_class: usize,
    /// A row of the table has two to the power of this many places.
    stride_bits: u32,
    start: State,
    /// Bytes that stand in every match.
    needle: Option<Finder<'static>>,
    repeats: HashMap<(State, ByteSet), Option<State>>,
}

/// A kind of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ByteSet(pub(crate) &'static [u8]);

impl Machine {
    /// The machine of an expression; `None` if it cannot be one.
    pub(crate) fn new(source: &str) -> Option<Machine> {
        let config = Config::new().unicode_word_boundary(true).cache_capacity(CACHE_BYTES);
        let dfa = DFA::builder()
            .configure(config.skip_cache_capacity_check(true))
            .syntax(syntax::Config::new().utf8(false))
            .thompson(thompson::Config::new().utf8(false))
            .build(source)
            .ok()?;
        let mut cache = dfa.create_cache();
        let start = dfa.start_state(&mut cache, &start::Config::new().anchored(Anchored::No)).ok()?;
        let mut classes = [0u8; 256];
        for (class, byte) in classes.iter_mut().zip(0..=255u8) {
            *class = dfa.byte_classes().get(byte);
        }
        let classes_used = dfa.byte_classes().alphabet_len();
        let stride_bits = classes_used.next_power_of_two().trailing_zeros();
        let mut machine = Machine {
            dfa,
            cache,
            names: Vec::new(),
            numbers: HashMap::new(),
            table: Vec::new(),
            classes,
            end_class: classes_used - 1,
            stride_bits,
            start: UNKNOWN,
            needle: needle(source),
            repeats: HashMap::new(),
        };
        for fixed in [MATCHED, UNKNOWN, DEAD] {
            machine.table.extend(std::iter::repeat_n(fixed, 1 << stride_bits));
        }
        machine.start = machine.number(start);
        Some(machine)
    }

    /// The state before the first byte of a text.
    pub(crate) fn start(&self) -> State {
        self.start
    }

    /// Whether it had to give up: it now says "unknown" of much, and should not be used on.
    pub(crate) fn is_full(&self) -> bool {
        self.names.len() >= STATES_MAX || self.cache.clear_count() > 0
    }

    fn number(&mut self, name: LazyStateID) -> State {
        if name.is_tagged() {
            if name.is_match() {
                return MATCHED;
            }
            if name.is_dead() {
                return DEAD;
            }
            if name.is_quit() || name.is_unknown() {
                return UNKNOWN;
            }
        }
        if let Some(&known) = self.numbers.get(&name) {
            return known;
        }
        if self.is_full() {
            return UNKNOWN;
        }
        let number = (self.names.len() + 3) as State;
        self.names.push(name);
        self.numbers.insert(name, number);
        self.table.extend(std::iter::repeat_n(UNSEEN, 1 << self.stride_bits));
        number
    }

    /// The state after one more byte.
    #[inline]
    pub(crate) fn step(&mut self, state: State, byte: u8) -> State {
        let class = self.classes.get(byte as usize).copied().unwrap_or(0);
        let at = (state as usize) << self.stride_bits | class as usize;
        match self.table.get(at) {
            Some(&next) if next != UNSEEN => next,
            _ => self.find(state, Some(byte), at),
        }
    }

    #[cold]
    fn find(&mut self, state: State, byte: Option<u8>, at: usize) -> State {
        // Names are forgotten by the automaton when its memory is cleared.
        let name = match self.names.get((state as usize).wrapping_sub(3)) {
            Some(&name) if !self.is_full() => name,
            _ => return UNKNOWN,
        };
        let next = match byte {
            Some(byte) => self.dfa.next_state(&mut self.cache, name, byte),
            None => self.dfa.next_eoi_state(&mut self.cache, name),
        };
        let next = match next {
            Ok(next) if self.cache.clear_count() == 0 => self.number(next),
            _ => UNKNOWN,
        };
        if let Some(place) = self.table.get_mut(at) {
            *place = next;
        }
        next
    }

    /// The state after `text`.
    #[inline]
    pub(crate) fn run(&mut self, state: State, text: &[u8]) -> State {
        let mut state = state;
        for &byte in text {
            if state <= DEAD {
                return state;
            }
            state = self.step(state, byte);
        }
        state
    }

    /// What is known when the text ends here: `MATCHED`, `DEAD` (it does not match) or `UNKNOWN`.
    pub(crate) fn end(&mut self, state: State) -> State {
        if state <= DEAD {
            return state;
        }
        let at = (state as usize) << self.stride_bits | self.end_class;
        let last = match self.table.get(at) {
            Some(&next) if next != UNSEEN => next,
            _ => self.find(state, None, at),
        };
        if last <= UNKNOWN { last } else { DEAD }
    }

    /// What is known of whole texts.
    pub(crate) fn ends(&mut self, texts: &Strings) -> Vec<State> {
        let start = self.start;
        let Some(needle) = self.needle.take() else {
            return texts.iter().map(|text| self.whole(start, text)).collect();
        };
        let mut states = vec![DEAD; texts.len()];
        let mut at = 0;
        // A place where the end of one text and the start of the next look so is no match, and does no harm.
        while let Some(found) = texts.bytes().get(at..).and_then(|rest| needle.find(rest)) {
            let i = texts.at_byte(at + found);
            if let Some(state) = states.get_mut(i) {
                *state = self.whole(start, texts.get(i));
            }
            at = (at + found + 1).max(texts.end(i));
        }
        self.needle = Some(needle);
        states
    }

    fn whole(&mut self, start: State, text: &[u8]) -> State {
        let state = self.run(start, text);
        self.end(state)
    }

    /// The state after one byte or more of a set, if it is the same after any of them.
    pub(crate) fn repeat(&mut self, state: State, set: ByteSet) -> Option<State> {
        if let Some(&known) = self.repeats.get(&(state, set)) {
            return known;
        }
        let mut found = self.after(&[state], set)?;
        let mut looked = 0;
        // Every state met is followed on, until none is new.
        while let Some(&next) = found.get(looked) {
            looked += 1;
            for further in self.after(&[next], set)? {
                if !found.contains(&further) {
                    found.push(further);
                }
            }
            if found.len() > AT_ONCE_MAX {
                break;
            }
        }
        let only = single(&found);
        self.repeats.insert((state, set), only);
        only
    }

    /// The states after one byte of a set; `None` for too many.
    fn after(&mut self, states: &[State], set: ByteSet) -> Option<Vec<State>> {
        let mut found = Vec::new();
        for &state in states {
            for &byte in set.0 {
                let next = self.step(state, byte);
                if !found.contains(&next) {
                    found.push(next);
                }
            }
        }
        (found.len() <= AT_ONCE_MAX).then_some(found)
    }

    /// The state after any text of this form, in which each `0` stands for any digit, if it is always the same.
    pub(crate) fn run_form(&mut self, state: State, form: &[u8]) -> Option<State> {
        let mut states = vec![state];
        for &byte in form {
            states = match byte {
                b'0' => self.after(&states, ByteSet(b"0123456789"))?,
                byte => {
                    let mut next: Vec<State> = states.iter().map(|&s| self.step(s, byte)).collect();
                    next.sort_unstable();
                    next.dedup();
                    next
                }
            };
        }
        single(&states)
    }
}

/// The longest bytes known that every match begins or ends with.
fn needle(source: &str) -> Option<Finder<'static>> {
    let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(source).ok()?;
    let common = |kind: ExtractKind| {
        let found = Extractor::new().kind(kind.clone()).extract(&hir);
        let bytes = match kind {
            ExtractKind::Suffix => found.longest_common_suffix(),
            _ => found.longest_common_prefix(),
        };
        bytes.map(<[u8]>::to_vec).unwrap_or_default()
    };
    let (first, last) = (common(ExtractKind::Prefix), common(ExtractKind::Suffix));
    let longer = if first.len() >= last.len() { first } else { last };
    (longer.len() > 1).then(|| Finder::new(&longer).into_owned())
}

fn single(states: &[State]) -> Option<State> {
    match states {
        [one] => Some(*one),
        _ => None,
    }
}

thread_local! {
    /// Machines used last by this thread: their tables are worth keeping from row group to row group.
    static KEPT: RefCell<Vec<(String, Option<Machine>)>> = const { RefCell::new(Vec::new()) };
}

/// Calls `with` with the machine of an expression, unless it has none.
pub(crate) fn with_machine<T>(regex: &Regex, with: impl FnOnce(&mut Machine) -> T) -> Option<T> {
    let at = |kept: &[(String, Option<Machine>)]| kept.iter().position(|(source, _)| *source == regex.source);
    let taken = KEPT.with_borrow_mut(|kept| at(kept).map(|i| kept.swap_remove(i)));
    let (source, machine) = taken.unwrap_or_else(|| (regex.source.clone(), Machine::new(&regex.source)));
    let mut machine = machine;
    let result = machine.as_mut().map(with);
    let machine = machine.filter(|m| !m.is_full());
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push((source, machine));
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn piece() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[a-c0-2/]{1,3}",
            Just("[ab]+".to_owned()),
            Just("ab/".to_owned()),
            Just("[^a]".to_owned()),
            Just("\\d{1,3}".to_owned()),
            Just("\\b".to_owned()),
            Just("(?-u:\\b)".to_owned()),
            Just("\\w".to_owned()),
            Just(".*".to_owned()),
            Just("(?i:B)?".to_owned()),
            Just("(?m:^)".to_owned()),
            Just("(?m:$)".to_owned()),
            Just("|".to_owned()),
            Just("é".to_owned()),
            Just("(?-u:\\xff)".to_owned()),
        ];
        (any::<bool>(), prop::collection::vec(part, 1..4), any::<bool>()).prop_map(|(start, parts, end)| {
            format!("{}{}{}", if start { "^" } else { "" }, parts.concat(), if end { "$" } else { "" })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn it_says_what_the_expression_says(
            source in piece(),
            pieces in prop::collection::vec("[a-cB0-2/é\n ]{0,4}", 0..5),
            bad in any::<bool>(),
        ) {
            let Ok(regex) = Regex::new(&source) else { return Ok(()) };
            let Some(mut machine) = Machine::new(&regex.source) else { return Ok(()) };
            let mut text = pieces.concat().into_bytes();
            let mut state = pieces.iter().fold(machine.start(), |state, p| machine.run(state, p.as_bytes()));
            if bad {
                state = machine.run(state, b"\xff");
                text.push(0xff);
            }
            let told = machine.end(state);
            prop_assert!(told == UNKNOWN || (told == MATCHED) == regex.compiled.is_match(&text), "{told}");
            if text.is_ascii() {
                prop_assert_ne!(told, UNKNOWN);
            }
            let texts: Strings = pieces.iter().map(String::as_bytes).chain([&*text]).collect();
            for (text, told) in texts.iter().zip(machine.ends(&texts)) {
                prop_assert!(told == UNKNOWN || (told == MATCHED) == regex.compiled.is_match(text), "{told} {text:?}");
            }
        }

        #[test]
        fn a_repeat_is_true_of_every_text_of_the_set(source in piece(), before in "[a-c/]{0,3}", digits in "[0-9]{1,6}") {
            let Some(mut machine) = Machine::new(&source) else { return Ok(()) };
            let state = machine.run(machine.start(), before.as_bytes());
            if let Some(after) = machine.repeat(state, ByteSet(b"0123456789")) {
                prop_assert_eq!(machine.run(state, digits.as_bytes()), after);
            }
            if let Some(after) = machine.run_form(state, b"a00/0") {
                prop_assert_eq!(machine.run(state, b"a17/3"), after);
            }
        }
    }

    #[test]
    fn one_with_too_many_states_gives_up_and_says_so() {
        let mut machine = Machine::new("[ab]*a[ab]{14}c").unwrap();
        let mut x = 12345u32;
        let text: Vec<u8> = (0..60_000)
            .map(|_| {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if x >> 31 == 0 { b'a' } else { b'b' }
            })
            .collect();
        let state = machine.run(machine.start(), &text);
        assert!(machine.is_full());
        assert_eq!(machine.end(state), UNKNOWN);
    }
}
