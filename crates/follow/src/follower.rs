//! Looks at the files again and again, gathers their lines, stores them, then moves the bookmarks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gastrolog_ingest::{
    Clock, Counters, DropReason, Outcome, Receiver, ReceiverError, Shutdown, Sink, store_batch,
};
use gastrolog_types::Batch;

use crate::config::{FollowConfig, Start};
use crate::decode::Format;
use crate::file::{Followed, Look};
use crate::mark::{FileId, Mark};
use crate::state::{Bookmark, State};
use crate::watch::{Found, Troubles, list};

/// A batch of the lines of several files goes to the store when it has this many bytes (or the round ends).
const BATCH_BYTES: usize = 1 << 20;
/// What all files may hold back of records that are not whole.
const HELD_BYTES_MAX: usize = 64 << 20;

/// Follows files on the thread it runs on.
pub struct Follower {
    kind: &'static str,
    config: FollowConfig,
    format: Option<Box<dyn Format>>,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
    state: State,
    files: Vec<Followed>,
    present: HashSet<FileId>,
    troubles: Troubles,
    gathered: Gathered,
    first_round: bool,
}

/// Lines on their way to the store, and where their files' bookmarks go after it.
#[derive(Default)]
struct Gathered {
    batch: Batch,
    moves: HashMap<FileId, (Mark, String)>,
}

/// Whether to go on.
enum Next {
    On,
    Stop,
}

impl Follower {
    /// Reads the state file. The files themselves need not exist yet. Without a `format` lines are records. `kind` is
    /// what the receiver is called in the configuration.
    pub fn new(
        kind: &'static str,
        config: FollowConfig,
        format: Option<Box<dyn Format>>,
        sink: Arc<dyn Sink>,
        clock: Clock,
    ) -> Result<Follower, ReceiverError> {
        config.check()?;
        let mut state = State::load(&config.state_file)?;
        let first_round = state.is_new;
        if !first_round {
            state.save(|_| true).map_err(ReceiverError::io("saving the state file"))?;
        }
        Ok(Follower {
            kind,
            config,
            format,
            sink,
            clock,
            counters: Arc::default(),
            state,
            files: Vec::new(),
            present: HashSet::new(),
            troubles: Troubles::default(),
            gathered: Gathered::default(),
            first_round,
        })
    }

    /// One look at all files: takes every whole line that is there, stores them and moves the bookmarks. False when
    /// `shutdown` was set before all was stored; what was not stored is read again after the next start.
    pub fn poll_once(&mut self, shutdown: &Shutdown) -> bool {
        let found = list(&self.config.globs, &mut self.troubles, &self.counters);
        self.present = found.iter().map(|f| f.id).collect();
        let done = self.round(&found, shutdown);
        self.troubles.end_round();
        self.first_round = false;
        matches!(done, Next::On)
    }

    fn round(&mut self, found: &[Found], shutdown: &Shutdown) -> Next {
        // Files that were rotated away first, then those that are known, then new ones: lines of one log stay in
        // the order in which they were written.
        self.mark_gone();
        self.files.sort_by_key(|f| f.gone_since.is_none());
        for at in 0..self.files.len() {
            if let Next::Stop = self.read(at, shutdown) {
                return Next::Stop;
            }
        }
        if let Next::Stop = self.close_gone(shutdown) {
            return Next::Stop;
        }
        let open: HashSet<FileId> = self.files.iter().map(|f| f.id).collect();
        for new in found.iter().filter(|f| !open.contains(&f.id)) {
            if self.open(new)
                && let Next::Stop = self.read(self.files.len() - 1, shutdown)
            {
                return Next::Stop;
            }
        }
        self.store(shutdown)
    }

    fn mark_gone(&mut self) {
        for file in &mut self.files {
            let present = self.present.contains(&file.id);
            file.gone_since = if present { None } else { file.gone_since.or(Some(Instant::now())) };
        }
    }

    /// Takes what the file has now. What is written to it meanwhile waits for the next round, so that a file that
    /// grows as fast as it is read does not keep the others waiting.
    fn read(&mut self, at: usize, shutdown: &Shutdown) -> Next {
        let Some(until) = self.files.get(at).and_then(|f| f.size().ok()) else { return Next::On };
        loop {
            let Some(file) = self.files.get_mut(at) else { return Next::On };
            let before = file.offset();
            match look(file, false, &self.config, &self.clock, &self.counters, &mut self.gathered) {
                Ok(true) => {}
                Ok(false) => return Next::On,
                Err(e) => {
                    self.troubles.note(&file.path, &e, &self.counters);
                    return Next::On;
                }
            }
            let restarted = file.offset() < before;
            self.bound_held(at);
            if self.gathered.batch.text.len() >= BATCH_BYTES
                && let Next::Stop = self.store(shutdown)
            {
                return Next::Stop;
            }
            if shutdown.is_set() {
                return self.store_last(shutdown);
            }
            let read_all = self.files.get(at).is_none_or(|f| f.offset() >= until);
            if read_all && !restarted {
                return Next::On;
            }
        }
    }

    /// Files together hold back no more than a limit: beyond it the file at hand gives what it holds, whole or not.
    fn bound_held(&mut self, at: usize) {
        let held: usize = self.files.iter().map(Followed::held_bytes).sum();
        if held > HELD_BYTES_MAX
            && let Some(file) = self.files.get_mut(at)
        {
            let rest = file.flush();
            self.gathered.add_some(rest, file);
        }
    }

    /// Lets go of files that no path leads to, once they have been quiet for long enough. Their last line is taken
    /// even without LF: nobody will end it.
    fn close_gone(&mut self, shutdown: &Shutdown) -> Next {
        let wait = self.config.rotated_wait;
        let mut closed = Vec::new();
        for file in &mut self.files {
            if file.gone_since.is_some_and(|since| since.max(file.grew).elapsed() >= wait) {
                let looked = look(file, true, &self.config, &self.clock, &self.counters, &mut self.gathered);
                // One that has grown by more than this is not quiet: it stays for another round.
                if looked.is_err() || file.is_read() {
                    let rest = file.flush();
                    self.gathered.add_some(rest, file);
                    closed.push(file.id);
                }
            }
        }
        if closed.is_empty() {
            return Next::On;
        }
        let next = self.store(shutdown);
        self.files.retain(|f| !closed.contains(&f.id));
        next
    }

    /// Opens a file that is not followed yet; says whether there is something to read.
    fn open(&mut self, found: &Found) -> bool {
        let known = self.state.files.get(&found.id).map(|b| b.mark);
        if self.files.len() >= self.config.open_files_max {
            if known.is_some_and(|mark| mark.offset == found.size) {
                return false;
            }
            if !self.close_idlest() {
                let fault = format!("{} files are open and unread already", self.files.len());
                self.troubles.note(&found.path, &fault, &self.counters);
                return false;
            }
        }
        let opened = Followed::open(&self.config, self.format.as_deref(), &found.path, found.id, known);
        let opened = opened.and_then(|file| {
            let Some(mut file) = file else { return Ok(None) };
            if self.first_round && self.config.from == Start::End {
                file.skip_to_end()?;
                self.gathered.add(Batch::default(), &file);
            }
            Ok(Some(file))
        });
        match opened {
            Ok(Some(file)) => {
                self.files.push(file);
                true
            }
            Ok(None) => false,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => false,
            Err(e) => {
                self.troubles.note(&found.path, &e, &self.counters);
                false
            }
        }
    }

    /// Closes the file that has been read to its end for longest, if its bookmark is safe.
    fn close_idlest(&mut self) -> bool {
        let idle = self.files.iter().enumerate().filter(|(_, f)| {
            let is_whole = f.is_read() && f.held_bytes() == 0;
            f.gone_since.is_none() && is_whole && !self.gathered.moves.contains_key(&f.id)
        });
        let Some((at, _)) = idle.min_by_key(|(_, f)| f.grew) else { return false };
        self.files.remove(at);
        true
    }

    /// At shutdown: one attempt for what was gathered.
    fn store_last(&mut self, shutdown: &Shutdown) -> Next {
        self.store(shutdown);
        Next::Stop
    }

    /// Stores what was gathered, waiting for a store that is away; then writes the bookmarks.
    fn store(&mut self, shutdown: &Shutdown) -> Next {
        let Gathered { batch, moves } = std::mem::take(&mut self.gathered);
        self.counters.received_batch(&batch);
        self.counters.too_long_records(&batch);
        let mut wait = |pause: Duration| !shutdown.wait_timeout(pause);
        if let Outcome::GivenUp(left) = store_batch(&*self.sink, batch, &self.counters, &mut wait) {
            // The bookmarks stay where they were: the files still have these lines.
            self.counters.dropped(DropReason::HandedBack, left.len() as u64);
            return Next::Stop;
        }
        let seen_ns = (self.clock)().0;
        for (id, (mark, path)) in moves {
            self.state.put(Bookmark { id, mark, path, seen_ns });
        }
        let present = &self.present;
        if let Err(e) = self.state.save(|id| present.contains(&id)) {
            self.troubles.note(&self.config.state_file, &e, &self.counters);
        }
        Next::On
    }
}

/// Takes the next lines of a file; false when there are none.
fn look(
    file: &mut Followed,
    at_end: bool,
    config: &FollowConfig,
    clock: &Clock,
    counters: &Counters,
    gathered: &mut Gathered,
) -> std::io::Result<bool> {
    match file.look(config.line_bytes_max, at_end, clock(), counters)? {
        Look::Nothing => {
            let aged = file.flush_aged(config.held_wait);
            gathered.add_some(aged, file);
            return Ok(false);
        }
        Look::Restarted(rest) => {
            tracing::info!(path = %file.path.display(), "was truncated or replaced; read from its beginning");
            gathered.add_some(rest, file);
        }
        Look::Moved => gathered.add(Batch::default(), file),
        Look::Records(batch) => gathered.add(batch, file),
    }
    let aged = file.flush_aged(config.held_wait);
    gathered.add_some(aged, file);
    Ok(true)
}

impl Gathered {
    /// Adds records of a file if there are any.
    fn add_some(&mut self, batch: Batch, file: &Followed) {
        if !batch.is_empty() {
            self.add(batch, file);
        }
    }

    fn add(&mut self, batch: Batch, file: &Followed) {
        self.moves.insert(file.id, (file.bookmark(), file.path.display().to_string()));
        self.batch.append(batch);
    }
}

impl Receiver for Follower {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    fn run(mut self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        while self.poll_once(&shutdown) && !shutdown.wait_timeout(self.config.poll) {}
        Ok(())
    }
}
