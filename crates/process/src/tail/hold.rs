//! Holds batches until it is decided what becomes of their traces: in bounded time, with bounded memory.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rapidhash::fast::RandomState;

use super::trace::{Seen, Standing, Trace};

/// Batches that are held at once: each keeps a thread, of a pool of 512 that others need as well.
const BATCHES_MAX: usize = 64;

/// Traces, and the batches that wait for them.
pub(crate) struct Hold {
    wait: Duration,
    traces_max: usize,
    bytes_max: usize,
    table: Mutex<Table>,
    /// Something was decided.
    decided: Condvar,
    state: RandomState,
}

#[derive(Default)]
struct Table {
    /// What is known, by the hash of the name. Each is in `order` once.
    known: HashMap<u64, Arc<Trace>>,
    order: VecDeque<u64>,
    /// Those that were held, in the order of their deadlines; the first one is.
    held: VecDeque<Arc<Trace>>,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    next_ticket: u64,
    draining: bool,
    early_records: u64,
}

/// A batch that waits.
struct Waiting {
    ticket: u64,
    bytes: usize,
    traces: Vec<Arc<Trace>>,
}

impl Hold {
    pub(crate) fn new(wait: Duration, traces_max: usize, bytes_max: usize) -> Hold {
        let (table, decided, state) = (Mutex::default(), Condvar::new(), RandomState::default());
        Hold { wait, traces_max, bytes_max, table, decided, state }
    }

    /// What a trace is known by. The hash has a seed: nobody can make two names that are one.
    pub(crate) fn key(&self, name: &[u8]) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write(name);
        hasher.finish()
    }

    /// Which of the traces of a batch are left out. Returns when all are decided on.
    pub(crate) fn left_out(&self, traces: &HashMap<u64, Seen>, bytes: usize) -> HashSet<u64> {
        let mut table = self.table.lock();
        let waits = !self.wait.is_zero() && !table.draining && bytes <= self.bytes_max;
        let until = Instant::now() + self.wait;
        let mine: Vec<(u64, Arc<Trace>)> = traces
            .iter()
            .map(|(key, seen)| (*key, table.note(*key, *seen, waits, until, self.traces_max)))
            .collect();
        if waits {
            self.wait_for(&mut table, &mine, bytes);
        } else {
            mine.iter().for_each(|(_, trace)| table.decide_early(trace));
        }
        self.decided.notify_all();
        mine.iter().filter(|(_, trace)| trace.standing() == Standing::LeftOut).map(|(key, _)| *key).collect()
    }

    fn wait_for(
        &self,
        table: &mut parking_lot::MutexGuard<'_, Table>,
        mine: &[(u64, Arc<Trace>)],
        bytes: usize,
    ) {
        let held = mine.iter().map(|(_, trace)| trace).filter(|trace| trace.is_held());
        let mut held: Vec<Arc<Trace>> = held.cloned().collect();
        if held.is_empty() {
            // It takes nobody's place.
            return;
        }
        let ticket = table.enter(bytes, held.clone(), self.bytes_max);
        // What has just come may decide for others.
        self.decided.notify_all();
        loop {
            if table.expire(Instant::now()) {
                self.decided.notify_all();
            }
            held.retain(|trace| trace.is_held());
            let Some(until) = held.iter().map(|trace| trace.until).max() else { break };
            self.decided.wait_until(table, until);
        }
        table.leave(ticket);
    }

    pub(crate) fn drain(&self) {
        let mut table = self.table.lock();
        table.draining = true;
        while let Some(trace) = table.held.pop_front() {
            leave_out(&trace);
        }
        self.decided.notify_all();
    }

    pub(crate) fn early_records(&self) -> u64 {
        self.table.lock().early_records
    }

    #[cfg(test)]
    pub(crate) fn batches_held(&self) -> usize {
        self.table.lock().waiting.len()
    }
}

impl Table {
    /// Notes what came of a trace.
    fn note(&mut self, key: u64, seen: Seen, waits: bool, until: Instant, traces_max: usize) -> Arc<Trace> {
        let trace = match self.known.get(&key) {
            Some(known) => known.clone(),
            None if seen.keeps => self.remember(key, Standing::Kept, until, traces_max),
            None if waits => self.remember(key, Standing::Held, until, traces_max),
            // Nothing is known of it, nor is there anything to remember.
            None => Arc::new(Trace::new(Standing::LeftOut, until)),
        };
        trace.add(seen.records);
        if seen.keeps {
            trace.set(Standing::Kept);
        }
        trace
    }

    fn remember(&mut self, key: u64, standing: Standing, until: Instant, traces_max: usize) -> Arc<Trace> {
        while self.known.len() >= traces_max {
            let Some(oldest) = self.order.pop_front().and_then(|key| self.known.remove(&key)) else { break };
            self.decide_early(&oldest);
        }
        self.trim();
        let trace = Arc::new(Trace::new(standing, until));
        self.known.insert(key, trace.clone());
        self.order.push_back(key);
        if standing == Standing::Held {
            self.held.push_back(trace.clone());
        }
        trace
    }

    fn decide_early(&mut self, trace: &Trace) {
        if leave_out(trace) {
            self.early_records += trace.records();
        }
    }

    /// Decides on what has been held long enough; whether there was any.
    fn expire(&mut self, now: Instant) -> bool {
        let mut any = false;
        while self.held.front().is_some_and(|trace| !trace.is_held() || trace.until <= now) {
            any |= self.held.pop_front().is_some_and(|trace| leave_out(&trace));
        }
        any
    }

    /// Forgets those at the front that are decided on. What is behind one that is held is known, as it is younger: so
    /// there are no more of them than are known.
    fn trim(&mut self) {
        while self.held.front().is_some_and(|trace| !trace.is_held()) {
            self.held.pop_front();
        }
    }

    /// Lets a batch wait, when need be in the place of others.
    fn enter(&mut self, bytes: usize, traces: Vec<Arc<Trace>>, bytes_max: usize) -> u64 {
        while self.waiting.len() >= BATCHES_MAX || self.waiting_bytes + bytes > bytes_max {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.waiting_bytes -= oldest.bytes;
            oldest.traces.iter().for_each(|trace| self.decide_early(trace));
        }
        self.next_ticket += 1;
        self.waiting_bytes += bytes;
        self.waiting.push_back(Waiting { ticket: self.next_ticket, bytes, traces });
        self.next_ticket
    }

    fn leave(&mut self, ticket: u64) {
        let at = self.waiting.iter().position(|waiting| waiting.ticket == ticket);
        if let Some(left) = at.and_then(|at| self.waiting.remove(at)) {
            self.waiting_bytes -= left.bytes;
        }
    }
}

/// Whether it was held until now.
fn leave_out(trace: &Trace) -> bool {
    let held = trace.is_held();
    if held {
        trace.set(Standing::LeftOut);
    }
    held
}
