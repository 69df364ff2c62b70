//! One connection: messages are read as they come, stored together, and their chunks acknowledged.

use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::DropReason;
use gastrolog_net::{Held, Hold, HoldLimits, Stream, hold, read_some};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::auth::Handshake;
use crate::entries::Entry;
use crate::message::Message;
use crate::msgpack::{Flaw, Scanned, Scanner};
use crate::pending::Pending;
use crate::receiver::Shared;

/// A connection that holds less needs no share of the memory of all.
const SMALL_BYTES: usize = 256 << 10;
/// Read ahead while messages are being stored.
const AHEAD_BYTES_MAX: usize = 64 << 10;
/// Longest message before the sender has shown that it knows the key.
const PING_BYTES_MAX: usize = 8 << 10;
/// How long an answer may take to be sent.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// What an idle connection may keep allocated.
const IDLE_BYTES: usize = 32 << 10;

pub(crate) struct Connection {
    stream: Stream,
    shared: Arc<Shared>,
    buffer: Vec<u8>,
    scanner: Scanner,
    pending: Pending,
    memory: Option<Held>,
    read_ahead: bool,
}

impl Connection {
    pub(crate) fn new(stream: Stream, shared: Arc<Shared>) -> Connection {
        let pending = Pending::new(&shared.config.name, stream.peer().ip());
        let scanner = Scanner::default();
        Connection { stream, shared, buffer: Vec::new(), scanner, pending, memory: None, read_ahead: false }
    }

    /// Serves it to its end.
    pub(crate) async fn run(mut self) {
        if !self.handshake().await {
            return;
        }
        // What came while messages were being stored is looked at before more is waited for.
        while self.take_messages().await && (std::mem::take(&mut self.read_ahead) || self.read().await) {}
    }

    /// Lets in who knows the key; false when the connection is over.
    async fn handshake(&mut self) -> bool {
        let shared = self.shared.clone();
        let Some(security) = &shared.config.security else { return true };
        let Some(handshake) = Handshake::new(security) else { return false };
        let done = async {
            if !send(&mut self.stream, &handshake.helo()).await {
                return Some("the sender went away");
            }
            let Some(ping) = self.first_message().await else { return Some("no PING came") };
            match handshake.judge(&ping) {
                Ok(pong) => (!send(&mut self.stream, &pong).await).then_some("the sender went away"),
                Err((pong, why)) => {
                    send(&mut self.stream, &pong).await;
                    Some(why)
                }
            }
        };
        let limit = shared.config.connections.handshake;
        let failed = tokio::select! {
            () = shared.shutdown.wait() => return false,
            done = timeout(limit, done) => done.unwrap_or(Some("it took too long")),
        };
        if let Some(why) = failed {
            shared.counters.fault();
            tracing::warn!(why, peer = %self.stream.peer(), "a Fluent handshake failed");
        }
        failed.is_none()
    }

    async fn first_message(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.scanner.scan(&self.buffer) {
                Ok(Scanned::Whole(bytes)) => return Some(self.buffer.drain(..bytes).collect()),
                Ok(Scanned::Part) if self.buffer.len() <= PING_BYTES_MAX => {}
                _ => return None,
            }
            if !matches!(read_some(&mut self.stream, &mut self.buffer).await, Ok(1..)) {
                return None;
            }
        }
    }

    /// Stores all whole messages that have come; false when the connection is over.
    async fn take_messages(&mut self) -> bool {
        let mut from = 0;
        let flaw = loop {
            let rest = self.buffer.get(from..).unwrap_or(&[]);
            if rest.is_empty() {
                break None;
            }
            if !is_array(rest) {
                break Some(Flaw::Unexpected("a message must be an array").to_string());
            }
            match self.scanner.scan(rest) {
                Err(flaw) => break Some(flaw.to_string()),
                Ok(Scanned::Whole(bytes)) => {
                    let message = rest.get(..bytes).unwrap_or(rest).to_vec();
                    from += bytes;
                    if !self.take_message(&message).await {
                        return false;
                    }
                }
                Ok(Scanned::Part) => {
                    let max = self.shared.config.messages.bytes_max;
                    break (rest.len() > max).then(|| format!("a message of more than {max} bytes"));
                }
            }
        };
        self.buffer.drain(..from);
        if self.buffer.is_empty() {
            self.buffer.shrink_to(IDLE_BYTES);
        }
        if let Some(why) = &flaw {
            let now = (self.shared.clock)();
            self.pending.begin(false);
            self.pending.push_raw(b"", &self.buffer, why, now, &self.shared.counters);
        }
        // After bytes that are not understood no message can be found any more.
        self.store().await && flaw.is_none()
    }

    async fn take_message(&mut self, bytes: &[u8]) -> bool {
        let shared = self.shared.clone();
        let now = (shared.clock)();
        let message = match Message::read(bytes, &shared.config.messages) {
            Ok(message) => message,
            Err(flaw) => {
                self.pending.begin(false);
                self.pending.push_raw(b"", bytes, &flaw.to_string(), now, &shared.counters);
                return true;
            }
        };
        self.pending.begin(message.chunk.is_some());
        let tag = &message.tag;
        match message.entries {
            Err((why, packed)) => self.pending.push_raw(tag, &packed, &why, now, &shared.counters),
            Ok(mut entries) => {
                let mut entry = Entry::default();
                loop {
                    match entries.next(&mut entry) {
                        Ok(false) => break,
                        Ok(true) => self.pending.push(tag, &entry, now, &shared.counters),
                        Err(flaw) => {
                            let why = flaw.to_string();
                            self.pending.push_raw(tag, entries.rest(), &why, now, &shared.counters);
                            break;
                        }
                    }
                    if self.pending.bytes() >= shared.config.batch_bytes_max {
                        if !self.store().await {
                            return false;
                        }
                        self.pending.begin(message.chunk.is_some());
                    }
                }
            }
        }
        if let Some(chunk) = &message.chunk {
            self.pending.acknowledge(chunk);
        }
        true
    }

    /// Reads more; false at the end.
    async fn read(&mut self) -> bool {
        if !self.get_memory().await {
            return false;
        }
        let read = tokio::select! {
            () = self.shared.shutdown.wait() => return false,
            read = timeout(self.shared.config.connections.idle, read_some(&mut self.stream, &mut self.buffer)) => read,
        };
        matches!(read, Ok(Ok(1..)))
    }

    /// Waits for a share of the memory of all when this connection holds much; false at the end.
    async fn get_memory(&mut self) -> bool {
        if self.buffer.len() <= SMALL_BYTES {
            self.memory = None;
            return true;
        }
        let config = &self.shared.config;
        let most = 2 * config.messages.bytes_max + config.messages.inflate.bytes_max + config.batch_bytes_max;
        while self.memory.is_none() {
            if self.shared.shutdown.is_set() {
                return false;
            }
            self.memory = self.shared.memory.acquire(most).await.ok();
        }
        true
    }

    /// Stores what has gathered, then acknowledges; false when the connection is over.
    async fn store(&mut self) -> bool {
        if self.pending.is_empty() {
            return true;
        }
        let taken = self.pending.take();
        let shared = self.shared.clone();
        let lost = if taken.kept_by_sender { DropReason::HandedBack } else { DropReason::Shutdown };
        let limits = HoldLimits { drain: shared.config.connections.drain, lost };
        if !taken.batch.is_empty() {
            let mut hold = hold(shared.sink.clone(), taken.batch, &shared.counters, &shared.shutdown, limits);
            if !self.stored(&mut hold, taken.kept_by_sender).await {
                return false;
            }
        }
        taken.answers.is_empty() || send(&mut self.stream, &taken.answers).await
    }

    /// Waits until the batch is stored. A sender that keeps it until it is acknowledged may go away and send it again.
    async fn stored(&mut self, hold: &mut Hold, kept_by_sender: bool) -> bool {
        let mut there = true;
        loop {
            let ahead = there && self.buffer.len() < AHEAD_BYTES_MAX;
            tokio::select! {
                stored = hold.done() => return stored,
                read = read_some(&mut self.stream, &mut self.buffer), if ahead => {
                    there = matches!(read, Ok(1..));
                    self.read_ahead |= there;
                }
            }
            if !there && kept_by_sender {
                hold.abandon();
            }
        }
    }
}

fn is_array(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0x90..=0x9f | 0xdc | 0xdd))
}

/// Sends an answer; false when it failed.
async fn send(stream: &mut Stream, bytes: &[u8]) -> bool {
    let write = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    matches!(timeout(ANSWER_WAIT, write).await, Ok(Ok(())))
}
