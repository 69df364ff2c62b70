//! Opening a store for writing: what was found is put in order, and the threads begin.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, bounded};
use gastrolog_env::{Env, EnvError, describe_this_process};
use gastrolog_format::CHUNK_HEAD_BYTES;
use gastrolog_types::Seq;
use parking_lot::{Condvar, Mutex};

use super::active::ActiveChunk;
use super::clock_watch::ClockWatch;
use super::flush::Flusher;
use super::meter::Meter;
use super::recompact::remove_drafts;
use super::recover::{Found, Inventory, RecoveryReport, Unsealed, take_pending};
use super::reserve::{Reserve, give_reserve};
use super::state::{Item, State, end_seq, weight};
use super::{Encoder, Running, Shared, Store, StoreError, StoreOptions, losses};
use crate::wal::{DAMAGED, Durability, Wal, WalError, WalOptions};
use crate::{Chunk, ChunkFile, Pending, ReadError};

impl Store {
    /// Opens the store in `dir`, which is made if missing. Nobody else can open it for writing meanwhile.
    ///
    /// # Errors
    /// When somebody else has it, the disk fails, or a file was written by a later release. Damage is no error: see
    /// [`Store::report`].
    pub fn open(
        env: Env,
        dir: &Path,
        options: StoreOptions,
        encoder: Arc<dyn Encoder>,
    ) -> Result<Arc<Store>, StoreError> {
        let options = options.checked();
        match Store::open_once(env.clone(), dir, options, encoder.clone()) {
            // What is damaged is copied before it is cut, and the disk may be full. Once the store is open, retention
            // makes room, and then the reserve is made again.
            Err(StoreError::Env(error) | StoreError::Wal(WalError::Env(error)))
                if error.is_full() && give_reserve(&env, dir) =>
            {
                Store::open_once(env, dir, options, encoder)
            }
            opened => opened,
        }
    }

    fn open_once(
        env: Env,
        dir: &Path,
        options: StoreOptions,
        encoder: Arc<dyn Encoder>,
    ) -> Result<Arc<Store>, StoreError> {
        env.fs.create_dir_all(&dir.join("chunks"))?;
        let lock = env.fs.lock(&dir.join("lock"), true, &describe_this_process(&*env.clock))?;
        remove_drafts(&env, &dir.join("chunks"))?;
        let mut inventory = Inventory::take(&env, dir)?;
        let (wal, pending, stored_below) = open_log(&env, dir, options, &mut inventory)?;
        let end = pending.last().map_or(0, end_seq).max(inventory.end_seq());
        let next_seq = end.max(wal.next_seq()).max(inventory.next_seq);
        losses::keep(&env, dir, &mut inventory.report)?;
        let repaired = Repaired::of(&env, inventory, options)?;
        env.fs.sync_dir(&dir.join("chunks"))?;
        // What is not released now is released by the next flush, and the same goes for what is not said.
        let _ = wal.release(stored_below);
        if let Some(active) = &repaired.active {
            let _ = wal.set_grown(active.grown());
        }

        let reserve = Reserve::of(dir, options.reserve_bytes);
        let watch = ClockWatch::new(&*env.clock);
        let state = state_of(&env, repaired.chunks, pending, next_seq);
        let shared = Arc::new(Shared {
            dir: dir.to_path_buf(),
            options,
            encoder,
            wal,
            order: Mutex::new(()),
            state: Mutex::new(state),
            meter: Meter::default(),
            left_alone: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
            grown: Condvar::new(),
            env,
        });
        let mut flusher = Flusher {
            shared: shared.clone(),
            active: repaired.active,
            retired: repaired.retired,
            last_id: repaired.last_id,
            catalog_stale: repaired.catalog_stale,
            leftovers: repaired.leftovers,
            reserve,
            watch,
            retry_at_ns: 0,
            backoff_ns: 0,
            tick_at_ns: 0,
        };
        flusher.doubt_clock();
        let mut running = Running { lock: Some(lock), ..Running::default() };
        start(&shared, flusher, &mut running)?;
        Ok(Arc::new(Store { shared, report: repaired.report, running: Mutex::new(running) }))
    }
}

/// Opens the log, and hands out what of it no chunk has, and the seq before which it need hold nothing.
fn open_log(
    env: &Env,
    dir: &Path,
    options: StoreOptions,
    inventory: &mut Inventory,
) -> Result<(Wal, Vec<Pending>, Seq), StoreError> {
    let doubt = inventory.doubtful();
    let stored_below = doubt.as_ref().map_or(inventory.end_seq(), |d| d.first_seq);
    let wal_options = WalOptions { durability: options.durability, ..WalOptions::default() };
    let (wal, recovered) = Wal::open(env, &dir.join("wal"), stored_below, wal_options)?;
    inventory.report.wal = recovered.report().clone();
    let grown = recovered.grown();
    inventory.expect(grown, recovered.report(), dir);
    let stored_below = if doubt.is_some() { stored_below } else { inventory.stored_below(grown) };
    let mut pending = take_pending(recovered, stored_below, &mut inventory.report)?;
    if let Some(doubt) = doubt {
        inventory.resolve(doubt, &mut pending);
    }
    inventory.report.replayed_records = pending.iter().map(|p| p.range.len() as u64).sum();
    // What waits is nowhere else, should it be in place of what is bad in a chunk.
    let stored_below = inventory.stored_below(grown);
    let stored_below = pending.first().map_or(stored_below, |first| first.first_seq.min(stored_below));
    Ok((wal, pending, stored_below))
}

fn state_of(env: &Env, chunks: Vec<Arc<Chunk>>, pending: Vec<Pending>, next_seq: Seq) -> State {
    let pending_bytes = pending.iter().map(|p| weight(&p.batch, p.range.clone())).sum();
    let pending_since = (!pending.is_empty()).then(|| env.clock.now());
    let pending = pending.into_iter().map(|pending| Item { pending, direct: None }).collect();
    State { next_seq, pending, pending_bytes, pending_since, chunks: Arc::new(chunks), ..State::default() }
}

fn start(shared: &Arc<Shared>, flusher: Flusher, running: &mut Running) -> Result<(), StoreError> {
    let failed = |e| EnvError::new("start a thread for", &shared.dir, e);
    let thread = std::thread::Builder::new().name("store-flush".to_owned());
    running.threads.push(thread.spawn(move || flusher.run()).map_err(failed)?);
    if let Durability::Interval { interval_ms } = shared.options.durability {
        let (sender, stop) = bounded(0);
        let (thread, shared) = (std::thread::Builder::new().name("store-log".to_owned()), shared.clone());
        let interval = Duration::from_millis(interval_ms.max(1));
        let spawned = thread.spawn(move || sync_log(&shared, &stop, interval));
        running.threads.push(spawned.map_err(failed)?);
        running.wal_ticks = Some(sender);
    }
    Ok(())
}

/// Makes the log durable at an interval, until the store is closed.
fn sync_log(shared: &Shared, stop: &Receiver<()>, interval: Duration) {
    while stop.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
        // A failure poisons the log, and whoever appends next is told.
        let _ = shared.wal.tick();
    }
}

/// The chunks, put in order: all sealed but the last.
struct Repaired {
    chunks: Vec<Arc<Chunk>>,
    active: Option<ActiveChunk>,
    retired: Vec<ActiveChunk>,
    last_id: u128,
    catalog_stale: bool,
    leftovers: Vec<Arc<ChunkFile>>,
    report: RecoveryReport,
}

impl Repaired {
    fn of(env: &Env, inventory: Inventory, options: StoreOptions) -> Result<Repaired, StoreError> {
        let Inventory { chunks, last_id, catalog_stale, superseded, report, .. } = inventory;
        let mut repaired = Repaired {
            chunks: Vec::new(),
            active: None,
            retired: Vec::new(),
            last_id,
            catalog_stale,
            leftovers: superseded.iter().map(|path| ChunkFile::new(env, path)).collect(),
            report,
        };
        let last = chunks.iter().rposition(has_records);
        for (i, found) in chunks.into_iter().enumerate() {
            match found {
                Found::Sealed(summary, path) => {
                    repaired.chunks.push(Arc::new(Chunk::sealed(summary, ChunkFile::new(env, &path))));
                }
                Found::Unsealed(chunk) if chunk.scan.groups.is_empty() => repaired.discard(env, *chunk)?,
                Found::Unsealed(chunk) => repaired.adopt(env, *chunk, Some(i) == last, options)?,
                Found::Unreadable(_) => {}
            }
        }
        Ok(repaired)
    }

    /// Removes a chunk that was only begun. One that is longer than its head and has nothing that can be read stays
    /// for those who may find something, unless it is clear that a crash made it.
    fn discard(&mut self, env: &Env, chunk: Unsealed) -> Result<(), StoreError> {
        let is_last = chunk.head.id == self.last_id;
        self.report.torn_bytes += chunk.file_bytes;
        let had_more = chunk.durable_bytes > CHUNK_HEAD_BYTES as u64;
        if had_more {
            env.fs.rename(&chunk.path, &chunk.path.with_extension(DAMAGED))?;
        } else if is_last || chunk.has_head || chunk.scan.end as u64 == chunk.file_bytes {
            env.fs.remove_file(&chunk.path)?;
        } else {
            let reason = "no row group can be read; the file is left as it is";
            self.report.damage.push(ReadError::new(&chunk.path, "whole file", reason));
        }
        Ok(())
    }

    /// Leaves a damaged chunk as it is, because there is no room for a copy of it: what is good in it can be read.
    fn leave(&mut self, env: &Env, chunk: &Unsealed, full: &EnvError) {
        let reason = format!("it is left as it is, and cut when there is room for a copy: {full}");
        self.report.harmless.push(ReadError::new(&chunk.path, "whole file", reason));
        let file = ChunkFile::new(env, &chunk.path);
        self.chunks.push(Arc::new(Chunk::scanned(chunk.head, chunk.scan.bare_footer(), file)));
    }

    /// Cuts off what is torn; the last chunk grows on, others are sealed.
    fn adopt(
        &mut self,
        env: &Env,
        mut chunk: Unsealed,
        is_last: bool,
        options: StoreOptions,
    ) -> Result<(), StoreError> {
        let rebuilt = chunk.scan.footer(chunk.bytes(), options.footer_budget);
        let whole = rebuilt.is_ok() && chunk.has_head;
        let footer = rebuilt.unwrap_or_else(|_| chunk.scan.bare_footer());
        let end = chunk.scan.end as u64;
        if end < chunk.durable_bytes {
            match keep_copy(env, &chunk.path, &chunk.content) {
                Err(error) if error.is_full() => {
                    self.leave(env, &chunk, &error);
                    return Ok(());
                }
                copied => copied?,
            }
        }
        chunk.content = Vec::new();
        if end < chunk.file_bytes {
            self.report.torn_bytes += chunk.file_bytes - end;
            env.fs.truncate(&chunk.path, end)?;
        } else {
            // What a killed process wrote and did not sync is seen, but may not be on disk yet; the log is about to
            // let go of it.
            env.fs.open_append(&chunk.path)?.sync()?;
        }
        let mut active = ActiveChunk::resume(env, &chunk.path, chunk.head, footer)?;
        self.chunks.push(active.publish());
        if is_last && whole {
            self.active = Some(active);
        } else {
            // Statistics of some of its records only would be worse than none, so nothing is added to it.
            self.retired.push(active);
        }
        Ok(())
    }
}

/// Keeps a copy of a chunk that is about to be cut, if need be in the room of the reserve.
fn keep_copy(env: &Env, path: &Path, content: &[u8]) -> Result<(), EnvError> {
    let copy = path.with_extension(DAMAGED);
    match (env.fs.write_atomic(&copy, content), path.ancestors().nth(2)) {
        (Err(error), Some(dir)) if error.is_full() && give_reserve(env, dir) => {
            env.fs.write_atomic(&copy, content)
        }
        (copied, _) => copied,
    }
}

fn has_records(found: &Found) -> bool {
    match found {
        Found::Sealed(summary, _) => summary.records > 0,
        Found::Unsealed(chunk) => !chunk.scan.groups.is_empty(),
        Found::Unreadable(_) => false,
    }
}
