//! How far the logs of containers were read.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use gastrolog_follow::{Stream, forget_absent, load, save};
use gastrolog_ingest::ReceiverError;
use gastrolog_types::Timestamp;
use serde::{Deserialize, Serialize};

/// The two streams of a container are written by two threads: a message may be this much older than the one before it.
const DISORDER_NS: i64 = 10_000_000_000;

/// The last message of a stream that was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StreamMark {
    /// Its time.
    pub(crate) ns: i64,
    /// How many of the stream have this time, up to it.
    pub(crate) count: u64,
}

impl StreamMark {
    /// The mark behind one more message.
    pub(crate) fn after(mark: Option<StreamMark>, time: Timestamp) -> StreamMark {
        match mark {
            Some(mark) if mark.ns == time.0 => StreamMark { count: mark.count + 1, ..mark },
            _ => StreamMark { ns: time.0, count: 1 },
        }
    }
}

/// How far the log of one container was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// The container.
    pub(crate) id: String,
    /// Nothing before this time is wanted: it was there when the receiver was started for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from_ns: Option<i64>,
    /// Of standard output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stdout: Option<StreamMark>,
    /// Of standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stderr: Option<StreamMark>,
    /// Time of the first piece of a line that is not whole yet, of which nothing is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) open_ns: Option<i64>,
    /// When it was written.
    #[serde(default)]
    pub(crate) seen_ns: i64,
}

impl Mark {
    pub(crate) fn stream(&mut self, stream: Stream) -> &mut Option<StreamMark> {
        if stream == Stream::Stderr { &mut self.stderr } else { &mut self.stdout }
    }

    /// From which time to ask for messages, now; `None`: from the first.
    pub(crate) fn since(&self, now: Timestamp) -> Option<i64> {
        let last = [self.stdout, self.stderr].into_iter().flatten().map(|mark| mark.ns).max();
        // A clock that was put back gives the next messages earlier times.
        let written = Some(self.seen_ns).filter(|ns| *ns > 0);
        let bounds = [self.open_ns, written, Some(now.0)].into_iter().flatten();
        let resumed = last.map(|ns| bounds.fold(ns, i64::min).saturating_sub(DISORDER_NS));
        match (resumed, self.from_ns) {
            (Some(ns), Some(from)) => Some(ns.max(from)),
            (ns, from) => ns.or(from),
        }
    }
}

/// Passes over messages of one stream that were taken before it was asked for again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resumed {
    mark: Option<StreamMark>,
    /// How many of the mark's time have come.
    met: u64,
}

impl Resumed {
    pub(crate) fn at(mark: Option<StreamMark>) -> Resumed {
        Resumed { mark, met: 0 }
    }

    /// Whether a message is new. Once one is, so are all that follow, whatever the clock did.
    pub(crate) fn is_new(&mut self, time: Timestamp) -> bool {
        let Some(mark) = self.mark else { return true };
        if time.0 > mark.ns {
            self.mark = None;
            return true;
        }
        // Behind the last one that was taken all are new, also those of a clock that was put back.
        self.met += u64::from(time.0 == mark.ns);
        if self.met >= mark.count {
            self.mark = None;
        }
        false
    }
}

/// The bookmarks of all containers.
pub(crate) struct Marks {
    path: PathBuf,
    pub(crate) all: HashMap<String, Mark>,
    /// There was no state file: the very first start.
    pub(crate) is_new: bool,
}

impl Marks {
    /// Reads the state file; writes one when there is none, which makes sure that it can be.
    pub(crate) fn load(path: &Path) -> Result<Marks, ReceiverError> {
        let marks: Option<Vec<Mark>> = load(path)?;
        let is_new = marks.is_none();
        let all = marks.unwrap_or_default().into_iter().map(|mark| (mark.id.clone(), mark)).collect();
        Ok(Marks { path: path.to_owned(), all, is_new })
    }

    /// Writes them. `present` are containers that are there.
    pub(crate) fn save(&mut self, present: &HashSet<String>) -> std::io::Result<()> {
        forget_absent(&mut self.all, |id| present.contains(id), |mark| mark.seen_ns);
        let mut marks: Vec<Mark> = self.all.values().cloned().collect();
        marks.sort_by(|a, b| a.id.cmp(&b.id));
        save(&self.path, marks)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn asks_for_what_may_have_come_late_and_for_what_is_open() {
        let second = 1_000_000_000;
        let mut mark = Mark::default();
        let since = |mark: &Mark| mark.since(Timestamp(1000 * second));
        assert_eq!(since(&mark), None);
        mark.from_ns = Some(50 * second);
        assert_eq!(since(&mark), Some(50 * second));
        mark.stdout = Some(StreamMark { ns: 100 * second, count: 1 });
        mark.stderr = Some(StreamMark { ns: 20 * second, count: 1 });
        assert_eq!(since(&mark), Some(90 * second));
        mark.open_ns = Some(70 * second);
        assert_eq!(since(&mark), Some(60 * second));
        mark.open_ns = Some(51 * second);
        assert_eq!(since(&mark), Some(50 * second));
        // The clock was put back before the bookmark was written, or after it.
        mark.open_ns = None;
        assert_eq!(mark.since(Timestamp(80 * second)), Some(70 * second));
        mark.seen_ns = 75 * second;
        assert_eq!(since(&mark), Some(65 * second));
    }

    proptest! {
        /// Taken in parts, asked for again each time from the beginning: every message once.
        #[test]
        fn each_message_is_taken_once(steps in prop::collection::vec(0..3i64, 0..60), stops in prop::collection::vec(0..20usize, 0..8)) {
            let mut time = 5;
            let messages: Vec<i64> = steps.iter().map(|step| { time += step; time }).collect();
            let (mut mark, mut taken) = (None, Vec::new());
            for stop in stops.into_iter().chain([usize::MAX]) {
                let mut resumed = Resumed::at(mark);
                let new = messages.iter().filter(|ns| resumed.is_new(Timestamp(**ns))).take(stop);
                let new: Vec<i64> = new.copied().collect();
                for ns in new {
                    mark = Some(StreamMark::after(mark, Timestamp(ns)));
                    taken.push(ns);
                }
            }
            prop_assert_eq!(taken, messages);
        }

        /// The same with a clock that is put back now and then: some may come again, none is missing.
        #[test]
        fn each_message_is_taken_whatever_the_clock_does(
            steps in prop::collection::vec(-4..3i64, 0..60),
            stops in prop::collection::vec(0..20usize, 0..8),
        ) {
            let mut time = 500;
            let messages: Vec<i64> = steps.iter().map(|step| { time += step; time }).collect();
            let (mut mark, mut taken) = (None, vec![0; messages.len()]);
            for stop in stops.into_iter().chain([usize::MAX]) {
                let mut resumed = Resumed::at(mark);
                let new = messages.iter().enumerate().filter(|(_, ns)| resumed.is_new(Timestamp(**ns))).take(stop);
                for (at, ns) in new.collect::<Vec<_>>() {
                    mark = Some(StreamMark::after(mark, Timestamp(*ns)));
                    taken[at] += 1;
                }
            }
            prop_assert!(taken.iter().all(|times| *times > 0), "{messages:?}: {taken:?}");
        }
    }
}
