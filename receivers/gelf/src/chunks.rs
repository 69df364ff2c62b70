//! Puts datagrams that carry parts of a message together again.
//!
//! A chunk is `1e 0f`, 8 bytes of id, its number, how many there are, and its part of the message.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What a chunk begins with.
const MAGIC: [u8; 2] = [0x1e, 0x0f];
/// Magic, id, number, count.
const HEADER_BYTES: usize = 12;
/// Chunks that a message may have.
const CHUNKS_MAX: u8 = 128;

/// What messages that are not complete may take.
#[derive(Clone, Copy, Debug)]
pub struct ChunkLimits {
    /// Messages at once; beyond it the oldest is given up.
    pub messages_max: usize,
    /// Bytes at once; beyond it the oldest are given up.
    pub bytes_max: usize,
    /// How long a message may take to be complete.
    pub time: Duration,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        ChunkLimits { messages_max: 4096, bytes_max: 32 << 20, time: Duration::from_secs(5) }
    }
}

/// What became of a datagram.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is no chunk: a message as it stands.
    Whole,
    /// Kept until the others are there, or known already.
    Kept,
    /// It was the last one missing; this is the message.
    Complete(Vec<u8>),
    /// It begins like a chunk but is none.
    Malformed(&'static str),
}

type Key = (SocketAddr, [u8; 8]);

struct Partial {
    parts: Vec<Option<Box<[u8]>>>,
    missing: usize,
    bytes: usize,
    /// Tells this message from a later one with the same key.
    serial: u64,
}

/// The messages of one socket that are not complete.
pub struct Assembler {
    limits: ChunkLimits,
    partials: HashMap<Key, Partial>,
    /// In order of their first chunk; what is complete already is passed over.
    ages: VecDeque<(Instant, Key, u64)>,
    bytes: usize,
    serial: u64,
    given_up: u64,
}

impl Assembler {
    /// With nothing in it.
    pub fn new(limits: ChunkLimits) -> Assembler {
        Assembler {
            limits,
            partials: HashMap::new(),
            ages: VecDeque::new(),
            bytes: 0,
            serial: 0,
            given_up: 0,
        }
    }

    /// Takes a datagram that came from `peer`.
    pub fn take(&mut self, datagram: &[u8], peer: SocketAddr, now: Instant) -> Taken {
        let Some(rest) = datagram.strip_prefix(&MAGIC) else { return Taken::Whole };
        let Some((id, [number, count, part @ ..])) = rest.split_first_chunk::<8>() else {
            return Taken::Malformed("a chunk without its header");
        };
        if *count == 0 || *count > CHUNKS_MAX || number >= count {
            return Taken::Malformed("a chunk with numbers that cannot be");
        }
        self.forget_old(now);
        self.add((peer, *id), usize::from(*number), usize::from(*count), part, now)
    }

    fn add(&mut self, key: Key, number: usize, count: usize, part: &[u8], now: Instant) -> Taken {
        let serial = self.serial;
        let partial = self.partials.entry(key).or_insert_with(|| {
            self.ages.push_back((now, key, serial));
            self.serial += 1;
            Partial { parts: vec![None; count], missing: count, bytes: 0, serial }
        });
        if partial.parts.len() != count {
            return Taken::Malformed("a chunk of a message that has another count");
        }
        match partial.parts.get_mut(number) {
            Some(slot) if slot.is_none() => *slot = Some(part.into()),
            // Networks repeat datagrams.
            _ => return Taken::Kept,
        }
        partial.missing -= 1;
        // An empty part costs something too.
        let cost = part.len() + HEADER_BYTES;
        partial.bytes += cost;
        self.bytes += cost;
        if partial.missing > 0 {
            self.keep_limits();
            return Taken::Kept;
        }
        let done = self.remove(key).unwrap_or_default();
        Taken::Complete(done)
    }

    fn remove(&mut self, key: Key) -> Option<Vec<u8>> {
        let partial = self.partials.remove(&key)?;
        self.bytes -= partial.bytes;
        Some(partial.parts.into_iter().flatten().flat_map(Vec::from).collect())
    }

    /// Messages that are not complete.
    pub fn waiting(&self) -> usize {
        self.partials.len()
    }

    /// How many messages were given up since this was last asked: chunks of theirs were lost, or came too late.
    pub fn given_up(&mut self, now: Instant) -> u64 {
        self.forget_old(now);
        std::mem::take(&mut self.given_up)
    }

    fn forget_old(&mut self, now: Instant) {
        while let Some((since, ..)) = self.ages.front() {
            if now.saturating_duration_since(*since) < self.limits.time {
                return;
            }
            self.forget_oldest();
        }
    }

    fn keep_limits(&mut self) {
        while self.partials.len() > self.limits.messages_max || self.bytes > self.limits.bytes_max {
            if self.ages.is_empty() {
                return;
            }
            self.forget_oldest();
        }
        // Most of what completes leaves its age behind; they are few bytes, but must not gather.
        if self.ages.len() > 2 * self.limits.messages_max.max(self.partials.len()) {
            let partials = &self.partials;
            self.ages.retain(|(_, key, serial)| partials.get(key).is_some_and(|p| p.serial == *serial));
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, key, serial)) = self.ages.pop_front() else { return };
        if self.partials.get(&key).is_some_and(|p| p.serial == serial) {
            self.remove(key);
            self.given_up += 1;
        }
    }
}
