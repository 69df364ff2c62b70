//! A sender: sends batches of all sizes, one after the other, and remembers what was acknowledged.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::ledger::Ledger;
use super::senders::{Listening, Promise, Protocol};
use crate::support::Dice;

/// One batch of so many is large enough to go straight to a chunk. Few are: what is stored is read after each kill.
const LARGE_ONE_OF: u64 = 48;

/// Bytes of a large batch, at least.
const LARGE_BYTES: usize = 4 << 20;

/// Bytes of a large batch where nothing holds its sender back.
const LARGE_BYTES_UNASKED: usize = 64 << 10;

/// A sender with its lines.
pub(crate) struct Sender {
    id: usize,
    dice: Dice,
    pub(crate) protocol: Box<dyn Protocol>,
    pub(crate) ledger: Ledger,
    /// The first line of the batch that was not acknowledged when the server went.
    failed: Option<usize>,
}

impl Sender {
    pub(crate) fn new(id: usize, seed: u64, protocol: Box<dyn Protocol>) -> Sender {
        let dice = Dice(seed.wrapping_mul(1000) + id as u64);
        let sends_again = protocol.promise() == Promise::Eventually || id.is_multiple_of(2);
        let ledger = Ledger::new(sends_again);
        Sender { id, dice, protocol, ledger, failed: None }
    }

    /// Sends until the server is gone. Before that, nothing may fail.
    pub(crate) fn send_until_it_fails(&mut self, server: &Listening, ending: &AtomicBool) {
        if self.protocol.open(server).is_err() {
            return;
        }
        let acknowledges = self.protocol.promise() == Promise::Acknowledged;
        loop {
            let first = self.batch();
            let lines = self.ledger.send(first);
            match self.protocol.send(&lines) {
                Ok(()) if acknowledges => self.ledger.acknowledge(first),
                // A file takes everything, whether somebody follows it or not.
                Ok(()) if ending.load(Ordering::SeqCst) => return,
                Ok(()) => {}
                Err(e) => {
                    self.failed = Some(first);
                    let name = self.protocol.name();
                    assert!(ending.load(Ordering::SeqCst), "sender {} by {name}: {e}", self.id);
                    return;
                }
            }
            std::thread::sleep(Duration::from_millis(self.dice.below(12)));
        }
    }

    /// The server was killed once more: what is not acknowledged but read again may be there once more.
    pub(crate) fn was_killed(&mut self) {
        if self.protocol.promise() == Promise::Eventually {
            self.ledger.repeats += 1;
        }
    }

    /// Whether everything it wrote must be there after a while.
    pub(crate) fn settles(&self) -> bool {
        self.protocol.promise() == Promise::Eventually
    }

    /// The first line of the batch to send: the one that failed again, or a new one. Half of the senders give up what
    /// was not acknowledged.
    fn batch(&mut self) -> usize {
        match self.failed.take() {
            Some(first) if self.ledger.sends_again => first,
            _ => self.new_batch(),
        }
    }

    fn new_batch(&mut self) -> usize {
        let first = self.ledger.next();
        let large = if self.settles() { LARGE_BYTES_UNASKED } else { LARGE_BYTES };
        let least = if self.dice.below(LARGE_ONE_OF) == 0 { large } else { 0 };
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
