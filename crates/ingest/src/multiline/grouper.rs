//! The open groups of all streams.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::rule::{Rule, State};
use super::{MultilineConfig, MultilineError};

/// A group that goes on is complete after so many times [`MultilineConfig::wait`].
const WAITS_MAX: u32 = 10;

/// A rule with its limits, ready to use; shared by all that group by it.
#[derive(Clone, Debug)]
pub struct Multiline(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rule: Rule,
    config: MultilineConfig,
}

/// Lines that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<M> {
    /// The lines, each as it was given, with LF between them.
    pub text: Vec<u8>,
    /// How many.
    pub lines: usize,
    /// The mark of the first of them.
    pub first: M,
    /// The mark of the last of them.
    pub last: M,
    /// A limit ended it: the next group of the stream is the rest of it.
    pub cut: bool,
}

/// Groups the lines of any number of streams. A line belongs to the open group of its stream, or completes it and
/// begins another. What it holds is bounded: `bytes_max` (or one line) for each of `streams_max`.
#[derive(Debug)]
pub struct Grouper<K, M> {
    by: Multiline,
    open: HashMap<K, Open<M>>,
}

#[derive(Debug)]
struct Open<M> {
    group: Group<M>,
    state: State,
    since: Instant,
    latest: Instant,
}

impl Multiline {
    /// Compiles the rule.
    pub fn new(config: MultilineConfig) -> Result<Multiline, MultilineError> {
        let MultilineConfig { bytes_max, lines_max, streams_max, .. } = config;
        if bytes_max == 0 || lines_max == 0 || streams_max == 0 {
            return Err(MultilineError::Zero);
        }
        Ok(Multiline(Arc::new(Inner { rule: Rule::new(&config.rule)?, config })))
    }

    fn wait(&self) -> Duration {
        self.0.config.wait
    }
}

impl<M> Open<M> {
    fn due(&self, wait: Duration) -> Instant {
        (self.latest + wait).min(self.since + wait.saturating_mul(WAITS_MAX))
    }
}

impl<K: Clone + Eq + Hash, M: Clone + Ord> Grouper<K, M> {
    /// None open yet.
    pub fn new(by: Multiline) -> Grouper<K, M> {
        Grouper { by, open: HashMap::new() }
    }

    /// Takes one line (without its LF) of the stream `key`. Groups that are complete now are put into `out`: that before
    /// it in its stream, or one of another stream when too many are open.
    pub fn push(&mut self, key: &K, line: &[u8], mark: M, now: Instant, out: &mut Vec<(K, Group<M>)>) {
        let by = self.by.clone();
        let Inner { rule, config } = &*by.0;
        let before = self.open.get(key).map_or(State::Plain, |open| open.state);
        let step = rule.step(before, line);
        if let Some(open) = self.open.get_mut(key) {
            open.state = step.state;
            open.latest = now;
            if step.joins && fits(&open.group, line, config) {
                return add(&mut open.group, line, mark);
            }
            let mut done = std::mem::replace(&mut open.group, begin(line, mark));
            done.cut = step.joins;
            open.since = now;
            return out.push((key.clone(), done));
        }
        if self.open.len() >= config.streams_max {
            self.finish_oldest(out);
        }
        let group = begin(line, mark);
        self.open.insert(key.clone(), Open { group, state: step.state, since: now, latest: now });
    }

    /// Completes the groups that have waited long enough, in the order of their first marks.
    pub fn flush(&mut self, now: Instant, out: &mut Vec<(K, Group<M>)>) {
        let (wait, from) = (self.by.wait(), out.len());
        out.extend(self.open.extract_if(|_, open| open.due(wait) <= now).map(|(k, o)| (k, o.group)));
        in_order(out, from);
    }

    /// Completes all groups: nothing will follow. They come in the order of their first marks.
    pub fn finish(&mut self, out: &mut Vec<(K, Group<M>)>) {
        let from = out.len();
        out.extend(self.open.drain().map(|(key, open)| (key, open.group)));
        in_order(out, from);
    }

    /// Completes the group of one stream, if there is one: it has ended.
    pub fn finish_stream(&mut self, key: &K) -> Option<Group<M>> {
        self.open.remove(key).map(|open| open.group)
    }

    /// When [`Grouper::flush`] should be called next; `None` while nothing is open.
    pub fn due(&self) -> Option<Instant> {
        let wait = self.by.wait();
        self.open.values().map(|open| open.due(wait)).min()
    }

    /// The first mark of what is held back: a bookmark must not pass it. `None` while nothing is.
    pub fn safe(&self) -> Option<&M> {
        self.open.values().map(|open| &open.group.first).min()
    }

    /// Whether nothing is held back.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn finish_oldest(&mut self, out: &mut Vec<(K, Group<M>)>) {
        let oldest = self.open.iter().min_by_key(|(_, open)| open.latest).map(|(key, _)| key.clone());
        if let Some((key, open)) = oldest.and_then(|key| self.open.remove_entry(&key)) {
            out.push((key, open.group));
        }
    }
}

fn in_order<K, M: Ord>(out: &mut [(K, Group<M>)], from: usize) {
    if let Some(new) = out.get_mut(from..) {
        new.sort_by(|(_, a), (_, b)| a.first.cmp(&b.first));
    }
}

fn begin<M: Clone>(line: &[u8], mark: M) -> Group<M> {
    Group { text: line.to_vec(), lines: 1, first: mark.clone(), last: mark, cut: false }
}

fn add<M>(group: &mut Group<M>, line: &[u8], mark: M) {
    group.text.push(b'\n');
    group.text.extend_from_slice(line);
    group.lines += 1;
    group.last = mark;
}

fn fits<M>(group: &Group<M>, line: &[u8], config: &MultilineConfig) -> bool {
    group.lines < config.lines_max && group.text.len() + 1 + line.len() <= config.bytes_max
}
