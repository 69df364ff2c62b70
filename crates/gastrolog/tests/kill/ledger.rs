//! What a sender sent, how often, and what was acknowledged.

use std::collections::HashMap;

/// A line that was sent.
#[derive(Clone, Debug)]
struct Entry {
    text: Vec<u8>,
    sent: u32,
    acknowledged: bool,
}

/// All lines of one sender; a line's number is its place.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
}

impl Ledger {
    /// The number of the next line.
    pub(crate) fn next(&self) -> usize {
        self.entries.len()
    }

    /// Notes a line that is about to be sent for the first time.
    pub(crate) fn push(&mut self, text: Vec<u8>) {
        self.entries.push(Entry { text, sent: 0, acknowledged: false });
    }

    /// The lines from `first` on, as a body; they count as sent.
    pub(crate) fn body(&mut self, first: usize) -> Vec<u8> {
        let mut body = Vec::new();
        for entry in &mut self.entries[first..] {
            entry.sent += 1;
            body.extend_from_slice(&entry.text);
            body.push(b'\n');
        }
        body
    }

    /// The lines from `first` on were acknowledged.
    pub(crate) fn acknowledge(&mut self, first: usize) {
        self.entries[first..].iter_mut().for_each(|e| e.acknowledged = true);
    }

    /// How many were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.entries.iter().filter(|e| e.acknowledged).count() as u64
    }
}

/// Holds what was found, a line each in write order, against what was sent: every acknowledged line is there, once for
/// each time it was sent at most; nothing is there that was not sent; and each sender's lines are in its order.
pub(crate) fn check(ledgers: &[&Ledger], found: &[u8], when: &str) {
    let mut of_text: HashMap<&[u8], (usize, usize)> = HashMap::new();
    for (sender, ledger) in ledgers.iter().enumerate() {
        for (number, entry) in ledger.entries.iter().enumerate() {
            assert!(of_text.insert(&entry.text, (sender, number)).is_none(), "the test sends a line twice");
        }
    }
    let mut times: Vec<Vec<u32>> = ledgers.iter().map(|l| vec![0; l.entries.len()]).collect();
    let mut last_new: Vec<Option<usize>> = vec![None; ledgers.len()];
    for line in found.split_inclusive(|&b| b == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let shown = || String::from_utf8_lossy(&text[..text.len().min(300)]).into_owned();
        let Some(&(sender, number)) = of_text.get(text) else {
            panic!("{when}: a record that nobody sent: {}", shown());
        };
        if times[sender][number] == 0 {
            assert!(Some(number) > last_new[sender], "{when}: out of order: {}", shown());
            last_new[sender] = Some(number);
        }
        times[sender][number] += 1;
    }
    for (sender, ledger) in ledgers.iter().enumerate() {
        for (number, entry) in ledger.entries.iter().enumerate() {
            let there = times[sender][number];
            let least = u32::from(entry.acknowledged);
            let place = format!("{when}: line {number} of sender {sender}");
            assert!(there >= least, "{place} was acknowledged and is gone");
            assert!(there <= entry.sent, "{place} was sent {} times and is there {there} times", entry.sent);
        }
    }
}
