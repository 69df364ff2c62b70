//! The rules, compiled: whether a line belongs to the one before it.

use regex::bytes::{Regex, RegexBuilder};

use super::{MultilineError, MultilineRule};

/// Memory that a compiled expression may take.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// `logback` and others write the exception, not indented, on the line after the message.
const JAVA: &str = r"^(?:[\t ]+\S|Caused by: |(?:[A-Za-z_$][\w$]*\.)+[\w$]*(?:Exception|Error|Throwable)\b)";
/// What stands between two tracebacks of a chain.
const PYTHON_CHAIN: &str =
    r"^(?:During handling of the above exception|The above exception was the direct cause)";
/// Begins a group by itself.
const GO_START: &str = r"^(?:panic: |fatal error: )";
/// Belongs to any line before it (`http: panic serving …`).
const GO_ENTER: &str = r"^goroutine \d+ .*\[.*\]:\s*$";
/// A line of a stack: a function with its arguments, its place, what runs before and after.
const GO_INSIDE: &str = r"^(?:\t|created by |\[signal |exit status \d|\[recovered\]|(?-u:[\w./%~*()\[\]\xb7\xc2-])+\(.*\)\s*$|\.\.\.)";

/// A rule that is ready to use.
#[derive(Debug)]
pub(super) enum Rule {
    Java(Regex),
    Python { chain: Regex },
    Go { start: Regex, enter: Regex, inside: Regex },
    Start(Regex),
    Continue(Regex),
}

/// Where a stream is in a stack trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// In none.
    #[default]
    Plain,
    /// Frames are expected.
    Frames,
    /// The line that names the error has come.
    Named,
    /// After it, in front of another traceback if this is a chain.
    Between,
}

/// Whether a line belongs to the one before it, and where the stream is after it.
pub(super) struct Step {
    pub(super) joins: bool,
    pub(super) state: State,
}

fn joins(state: State) -> Step {
    Step { joins: true, state }
}

fn begins(state: State) -> Step {
    Step { joins: false, state }
}

impl Rule {
    pub(super) fn new(rule: &MultilineRule) -> Result<Rule, MultilineError> {
        Ok(match rule {
            MultilineRule::Java => Rule::Java(compile(JAVA)?),
            MultilineRule::Python => Rule::Python { chain: compile(PYTHON_CHAIN)? },
            MultilineRule::Go => {
                Rule::Go { start: compile(GO_START)?, enter: compile(GO_ENTER)?, inside: compile(GO_INSIDE)? }
            }
            MultilineRule::Start(regex) => Rule::Start(compile(regex)?),
            MultilineRule::Continue(regex) => Rule::Continue(compile(regex)?),
        })
    }

    pub(super) fn step(&self, state: State, line: &[u8]) -> Step {
        match self {
            Rule::Java(regex) | Rule::Continue(regex) => {
                Step { joins: regex.is_match(line), state: State::Plain }
            }
            Rule::Start(regex) => Step { joins: !regex.is_match(line), state: State::Plain },
            Rule::Python { chain } => python(chain, state, line),
            Rule::Go { start, enter, inside } => go(start, enter, inside, state, line),
        }
    }
}

fn python(chain: &Regex, state: State, line: &[u8]) -> Step {
    let indented = line.first().is_some_and(|b| matches!(b, b' ' | b'\t'));
    let blank = line.trim_ascii().is_empty();
    if line.trim_ascii().ends_with(b"Traceback (most recent call last):") && is_heading(line) {
        return joins(State::Frames);
    }
    match state {
        State::Frames if indented && !blank => joins(State::Frames),
        State::Frames if !blank => joins(State::Named),
        State::Named if indented && !blank => joins(State::Named),
        State::Named if blank => joins(State::Between),
        State::Named | State::Between if chain.is_match(line) => joins(State::Between),
        // One empty line stands before the chain's words and one after them.
        State::Between if blank => joins(State::Between),
        _ => begins(State::Plain),
    }
}

/// Whether the line says nothing but that a traceback follows (exception groups draw a margin).
fn is_heading(line: &[u8]) -> bool {
    let head = line.trim_ascii_start();
    head.starts_with(b"Traceback (") || head.starts_with(b"+ Exception Group Traceback (")
}

fn go(start: &Regex, enter: &Regex, inside: &Regex, state: State, line: &[u8]) -> Step {
    if enter.is_match(line) {
        return joins(State::Frames);
    }
    if start.is_match(line) {
        // Frames may follow a re-panic at once; a panic while a stack is open is one of its own.
        return begins(State::Named);
    }
    let blank = line.trim_ascii().is_empty();
    match state {
        State::Frames | State::Named if blank => joins(state),
        State::Frames if inside.is_match(line) => joins(State::Frames),
        State::Named if line.starts_with(b"\t") || line.starts_with(b"[") => joins(State::Named),
        _ => begins(State::Plain),
    }
}

fn compile(source: &str) -> Result<Regex, MultilineError> {
    Ok(RegexBuilder::new(source).size_limit(REGEX_BYTES_MAX).dfa_size_limit(REGEX_BYTES_MAX).build()?)
}
