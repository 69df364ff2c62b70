//! One connection: events are gathered to a window, stored, and acknowledged by the number of the last one.

use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::DropReason;
use gastrolog_net::{Held, Hold, HoldLimits, Stream, hold, read_some};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::frames::{Decoder, Flaw, Frame, ack};
use crate::pending::Pending;
use crate::receiver::Shared;

/// A connection that holds less needs no share of the memory of all.
const SMALL_BYTES: usize = 256 << 10;
/// Read ahead while a window is being stored.
const AHEAD_BYTES_MAX: usize = 64 << 10;
/// How long the six bytes of an answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

pub(crate) struct Connection {
    stream: Stream,
    shared: Arc<Shared>,
    decoder: Decoder,
    pending: Pending,
    /// Events of the window that are still to come.
    left: u64,
    memory: Option<Held>,
}

/// What the frames that have come ask for.
enum Next {
    Read,
    Store,
    Broken(Flaw),
}

impl Connection {
    pub(crate) fn new(stream: Stream, shared: Arc<Shared>) -> Connection {
        let pending = Pending::new(&shared.config.name, stream.peer().ip());
        let decoder = Decoder::new(shared.config.frames);
        Connection { stream, shared, decoder, pending, left: 0, memory: None }
    }

    /// Serves it to its end. Events of a window that ends within are not stored: their sender has them still.
    pub(crate) async fn run(mut self) {
        loop {
            let go_on = match self.take_frames() {
                Next::Read => self.read().await,
                Next::Store => self.store().await,
                Next::Broken(flaw) => {
                    let now = (self.shared.clock)();
                    let rest = self.decoder.rest().to_vec();
                    self.pending.push_raw(&rest, &flaw.to_string(), now, &self.shared.counters);
                    self.store().await;
                    return;
                }
            };
            if !go_on {
                return;
            }
        }
    }

    fn take_frames(&mut self) -> Next {
        let shared = &self.shared;
        let now = (shared.clock)();
        loop {
            match self.decoder.next() {
                Err(flaw) => return Next::Broken(flaw),
                Ok(None) => break,
                Ok(Some(Frame::Window(count))) => self.left = u64::from(count),
                Ok(Some(Frame::Event { seq, text, truncated })) => {
                    self.pending.push(seq, text, truncated, now, &shared.counters);
                    let full = self.pending.records() >= shared.config.window_max
                        || self.pending.bytes() >= shared.config.batch_bytes_max;
                    let whole = self.left == 1;
                    self.left = self.left.saturating_sub(1);
                    if whole || full {
                        return Next::Store;
                    }
                }
            }
        }
        // Events that no window announced wait for nothing.
        if self.left == 0 && self.pending.records() > 0 { Next::Store } else { Next::Read }
    }

    /// Reads more; false at the end.
    async fn read(&mut self) -> bool {
        if !self.get_memory().await {
            return false;
        }
        let waits = self.pending.records() > 0;
        let limit = if waits { self.shared.config.keep_alive } else { self.shared.config.connections.idle };
        let read = tokio::select! {
            () = self.shared.shutdown.wait() => {
                if waits {
                    self.store().await;
                }
                return false;
            }
            read = timeout(limit, read_some(&mut self.stream, self.decoder.space())) => read,
        };
        match read {
            Ok(Ok(bytes)) => bytes > 0,
            Ok(Err(_)) => false,
            // The sender pauses within its window: what has come need not wait for it.
            Err(_) if waits => self.store().await,
            Err(_) => false,
        }
    }

    /// Waits for a share of the memory of all when this connection holds much; false at the end.
    async fn get_memory(&mut self) -> bool {
        let held = self.decoder.held_bytes() + self.pending.bytes();
        if held <= SMALL_BYTES {
            if held == 0 {
                self.memory = None;
            }
            return true;
        }
        let config = &self.shared.config;
        let most =
            config.frames.compressed_bytes_max + config.frames.inflate.bytes_max + config.batch_bytes_max;
        while self.memory.is_none() {
            self.memory = self.shared.memory.acquire(most).await.ok();
            if self.memory.is_none() && (self.shared.shutdown.is_set() || !answer(&mut self.stream, 0).await)
            {
                return false;
            }
        }
        true
    }

    /// Stores what has gathered and acknowledges it; false when the connection is over.
    async fn store(&mut self) -> bool {
        let (batch, seq) = self.pending.take();
        if batch.is_empty() {
            return true;
        }
        let shared = self.shared.clone();
        let limits = HoldLimits { drain: shared.config.connections.drain, lost: DropReason::HandedBack };
        let mut hold = hold(shared.sink.clone(), batch, &shared.counters, &shared.shutdown, limits);
        if !self.stored(&mut hold).await {
            return false;
        }
        match seq {
            Some(seq) => answer(&mut self.stream, seq).await,
            None => true,
        }
    }

    /// Waits until the batch is stored, and tells the sender meanwhile that somebody is at work.
    async fn stored(&mut self, hold: &mut Hold) -> bool {
        let every = self.shared.config.keep_alive;
        let mut ticks = interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut there = true;
        loop {
            let ahead = there && self.decoder.waiting_bytes() < AHEAD_BYTES_MAX;
            tokio::select! {
                stored = hold.done() => return stored,
                _ = ticks.tick() => there = there && answer(&mut self.stream, 0).await,
                read = read_some(&mut self.stream, self.decoder.space()), if ahead => {
                    there = matches!(read, Ok(1..));
                }
            }
            if !there {
                hold.abandon();
            }
        }
    }
}

/// Writes an acknowledgement, in one piece: clients read its parts without waiting for more. False when it failed.
async fn answer(stream: &mut Stream, seq: u32) -> bool {
    let write = async {
        stream.write_all(&ack(seq)).await?;
        stream.flush().await
    };
    matches!(timeout(ANSWER_WAIT, write).await, Ok(Ok(())))
}
