//! A sender: posts batches of all sizes, one after the other, and remembers what was acknowledged.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::ledger::Ledger;
use crate::support::Dice;
use crate::support::http::Connection;

/// One batch of so many is large enough to go straight to a chunk.
const LARGE_ONE_OF: u64 = 8;

/// Bytes of a large batch, at least.
const LARGE_BYTES: usize = 4 << 20;

/// A sender with its lines.
pub(crate) struct Sender {
    id: usize,
    dice: Dice,
    pub(crate) ledger: Ledger,
    /// The first line of the batch that was not acknowledged when the server went.
    failed: Option<usize>,
}

impl Sender {
    pub(crate) fn new(id: usize, seed: u64) -> Sender {
        let dice = Dice(seed.wrapping_mul(1000) + id as u64);
        Sender { id, dice, ledger: Ledger::default(), failed: None }
    }

    /// Sends until the server is gone. Before that, nothing may fail.
    pub(crate) fn send_until_it_fails(&mut self, address: SocketAddr, ending: &AtomicBool) {
        let Ok(mut connection) = Connection::open(address) else { return };
        loop {
            let first = self.batch();
            let body = self.ledger.body(first);
            match connection.post("/ingest", &body) {
                Ok((200, _)) => self.ledger.acknowledge(first),
                other => {
                    self.failed = Some(first);
                    assert!(ending.load(Ordering::SeqCst), "sender {}: {other:?}", self.id);
                    return;
                }
            }
            std::thread::sleep(Duration::from_millis(self.dice.below(12)));
        }
    }

    /// The first line of the batch to send: the one that failed again, or a new one. Half of the senders give up what
    /// was not acknowledged.
    fn batch(&mut self) -> usize {
        let again = self.failed.take();
        match again {
            Some(first) if self.id.is_multiple_of(2) => first,
            _ => self.new_batch(),
        }
    }

    fn new_batch(&mut self) -> usize {
        let first = self.ledger.next();
        let large = self.dice.below(LARGE_ONE_OF) == 0;
        let least = if large { LARGE_BYTES } else { 0 };
        let lines = 1 + self.dice.below(60) as usize;
        let mut bytes = 0;
        while bytes < least || self.ledger.next() < first + lines {
            let line = self.line();
            bytes += line.len();
            self.ledger.push(line);
        }
        first
    }

    /// A line that says who sent it and its number, in one of several formats.
    fn line(&mut self) -> Vec<u8> {
        let (id, number, noise) = (self.id, self.ledger.next(), self.dice.below(1 << 40));
        let text = match self.dice.below(5) {
            0 => format!(
                r#"{{"sender":{id},"number":{number},"user":{{"id":{noise}}},"msg":"card declined"}}"#
            ),
            1 => format!("level=info sender={id} number={number} took={noise}ms msg=\"all is well\""),
            2 => format!(
                "192.0.2.{id} - - [10/Oct/2025:13:55:36 +0000] \"GET /n/{number}?{noise} HTTP/1.1\" 200 {noise} \"-\" \"-\""
            ),
            3 => format!("sender {id} number {number}: worker {} finished in {noise} us", noise % 16),
            _ => format!("s{id}n{number} {}", "x".repeat((noise % 700) as usize)),
        };
        text.into_bytes()
    }
}
