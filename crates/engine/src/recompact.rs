//! Chunks written anew: by hand, and by a thread that does it in the background.
//!
//! One thread for all stores, one chunk at a time, at the lowest priority. After each piece of work it sleeps in
//! proportion, longer while records arrive. Work by hand goes first: the background drops what it is at.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use gastrolog_chunk::{Encoder, RecompactPolicy, Recompaction, Store, chunk_name};
use gastrolog_env::{Clock, EnvError, yield_to_others};
use parking_lot::{Condvar, Mutex};

use crate::engine::{OpenStore, or_default, store_error};
use crate::{CompactReport, Engine, EngineError};

/// Percent of one core that the background takes, and while records arrive.
const SHARE: u64 = 50;
const SHARE_BUSY: u64 = 10;

/// Records arrive when the store grows by as many bytes of text in a second.
const BUSY_BYTES_PER_SECOND: u64 = 256 << 10;

/// Longest sleep at a time: a clock that jumps must not stop the work for ever.
const PAUSE_NS_MAX: u64 = 120_000_000_000;

/// The background thread of an engine.
#[derive(Default)]
pub(crate) struct Recompactor {
    shared: Arc<Control>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How the background is told to stop, or to let others go first.
#[derive(Default)]
struct Control {
    stopping: Mutex<bool>,
    changed: Condvar,
    /// Calls of [`Engine::compact_store`] that are at work or wait.
    by_hand: AtomicUsize,
}

/// A call by hand; however it ends, the background may go on.
struct ByHand<'a>(&'a Control);

impl Drop for ByHand<'_> {
    fn drop(&mut self) {
        self.0.by_hand.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Control {
    fn by_hand(&self) -> ByHand<'_> {
        self.by_hand.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_all();
        ByHand(self)
    }

    fn is_by_hand(&self) -> bool {
        self.by_hand.load(Ordering::Relaxed) > 0
    }

    /// Sleeps; returns whether to go on.
    fn pause(&self, ns: u64) -> bool {
        let mut stopping = self.stopping.lock();
        if !*stopping && ns > 0 {
            self.changed.wait_for(&mut stopping, Duration::from_nanos(ns));
        }
        !*stopping
    }
}

/// What the background does for one store.
struct Task {
    store: Arc<Store>,
    policy: RecompactPolicy,
    encoder: Box<dyn Encoder>,
}

impl Recompactor {
    /// Begins the thread, if any store wants it.
    pub(crate) fn start(engine: &Arc<Engine>) -> Result<(), EnvError> {
        let configs = engine.config.stores.values().chain([&engine.config.default_store]);
        if configs.into_iter().all(|c| c.recompact_age_ms.is_none()) {
            return Ok(());
        }
        let (weak, control) = (Arc::downgrade(engine), engine.recompactor.shared.clone());
        let (check_ns, clock) =
            (engine.config.recompact_check_ms.saturating_mul(1_000_000), engine.env.clock.clone());
        let thread = std::thread::Builder::new().name("recompact".to_owned());
        let run = move || {
            yield_to_others();
            while control.pause(check_ns.max(1)) {
                // The engine is not held while there is work: whoever drops it waits for this thread.
                let Some(tasks) = weak.upgrade().map(|engine| engine.recompact_tasks()) else { return };
                tasks.iter().for_each(|task| task.run(&control, &*clock));
            }
        };
        let spawned = thread.spawn(run).map_err(|e| EnvError::new("start a thread for", &engine.root, e))?;
        *engine.recompactor.thread.lock() = Some(spawned);
        Ok(())
    }

    /// Ends the thread: at the next row group, and what it was at is dropped.
    pub(crate) fn stop(&self) {
        *self.shared.stopping.lock() = true;
        self.shared.changed.notify_all();
        let thread = self.thread.lock().take();
        if let Some(thread) = thread.filter(|t| t.thread().id() != std::thread::current().id()) {
            // One that panicked has said so on stderr.
            let _ = thread.join();
        }
    }
}

impl Task {
    fn run(&self, control: &Control, clock: &dyn Clock) {
        let mut pace = Pace::new(&self.store, control, clock);
        loop {
            // What fails is tried again at the next look. What is left alone because it is damaged is named by every
            // answer that needs it, by `verify` and by `compact`.
            match self.store.recompact_next(&self.policy, &*self.encoder, &mut |_, _| pace.step()) {
                Ok(Recompaction::Done(_) | Recompaction::Left { .. }) => {}
                Ok(Recompaction::Nothing | Recompaction::Abandoned) | Err(_) => return,
            }
        }
    }
}

/// Keeps the background to its share.
struct Pace<'a> {
    store: &'a Store,
    control: &'a Control,
    clock: &'a dyn Clock,
    at_ns: u64,
    grown_bytes: u64,
}

impl<'a> Pace<'a> {
    fn new(store: &'a Store, control: &'a Control, clock: &'a dyn Clock) -> Pace<'a> {
        Pace { store, control, clock, at_ns: clock.monotonic_ns(), grown_bytes: taken_bytes(store) }
    }

    /// Sleeps after a piece of work; returns whether to go on.
    fn step(&mut self) -> bool {
        let worked_ns = self.clock.monotonic_ns().saturating_sub(self.at_ns);
        let taken = taken_bytes(self.store);
        let arrived = taken.saturating_sub(self.grown_bytes);
        let busy =
            arrived as u128 * 1_000_000_000 > BUSY_BYTES_PER_SECOND as u128 * u128::from(worked_ns.max(1));
        let share = if busy { SHARE_BUSY } else { SHARE };
        let go_on = self.control.pause((worked_ns / share * (100 - share)).min(PAUSE_NS_MAX));
        (self.at_ns, self.grown_bytes) = (self.clock.monotonic_ns(), taken_bytes(self.store));
        go_on && !self.control.is_by_hand()
    }
}

/// Bytes of text that the store holds: grows with what arrives.
fn taken_bytes(store: &Store) -> u64 {
    let stats = store.stats();
    stats.raw_bytes + stats.pending_bytes
}

impl Engine {
    fn recompact_tasks(&self) -> Vec<Task> {
        let task = |name: String| {
            let config = self.store_config(&name);
            let policy = config.recompact_policy(Some(config.recompact_age_ms?));
            let encoder = Box::new(self.encoder(&name, config.recompact_level));
            match &*self.store(&name).ok()? {
                OpenStore::Writing(store) => Some(Task { store: store.clone(), policy, encoder }),
                OpenStore::Reading(_) => None,
            }
        };
        self.store_names().into_iter().filter_map(task).collect()
    }

    /// Writes the sealed chunks of a store anew.
    pub(crate) fn compact_store(
        &self,
        store: &str,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<CompactReport, EngineError> {
        let name = or_default(store);
        self.store(name)?;
        let store = self.store_to_write(name)?;
        let config = self.store_config(name);
        let (policy, encoder) = (config.recompact_policy(None), self.encoder(name, config.recompact_level));
        let _by_hand = self.recompactor.shared.by_hand();
        store.retry_left_alone();
        let (mut report, mut done) = (CompactReport::default(), 0);
        loop {
            let mut stopped = false;
            let mut pace = |at: u64, of: u64| {
                stopped = !progress(done + at, done + of);
                !stopped
            };
            match store.recompact_next(&policy, &encoder, &mut pace) {
                Ok(Recompaction::Done(made)) => {
                    done += made.chunk.raw_bytes;
                    report.chunks_before += made.sources.len() as u64;
                    report.chunks_after += 1;
                    report.records += made.chunk.records;
                    report.raw_bytes += made.chunk.raw_bytes;
                    report.bytes_before += made.bytes_before;
                    report.bytes_after += made.chunk.file_bytes;
                }
                Ok(Recompaction::Left { harmless: true, .. }) => {}
                Ok(Recompaction::Left { chunks, reason, .. }) => {
                    let names: Vec<String> = chunks.into_iter().map(chunk_name).collect();
                    report.left.push(format!("{}: {reason}", names.join(", ")));
                }
                // Retention was quicker: there may be more.
                Ok(Recompaction::Abandoned) if !stopped => {}
                Ok(Recompaction::Nothing | Recompaction::Abandoned) => return Ok(report),
                Err(error) => return Err(store_error(name, error)),
            }
        }
    }
}
