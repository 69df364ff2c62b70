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
    /// Whether it sends again what was not acknowledged; then there is no hole in what is found of it.
    pub(crate) sends_again: bool,
    /// How often a line may be there beside the times it was sent.
    pub(crate) repeats: u32,
}

/// What was found of all senders.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    /// Lines that were acknowledged.
    pub(crate) acknowledged: u64,
    /// Lines that were sent more than once.
    pub(crate) sent_again: u64,
    /// Lines that are there more than once.
    pub(crate) twice: u64,
}

impl Found {
    /// Both together.
    pub(crate) fn add(&mut self, other: Found) {
        self.acknowledged += other.acknowledged;
        self.sent_again += other.sent_again;
        self.twice += other.twice;
    }
}

impl Ledger {
    /// Of a sender that sends again what was not acknowledged, or does not.
    pub(crate) fn new(sends_again: bool) -> Ledger {
        Ledger { sends_again, ..Ledger::default() }
    }

    /// The last line that there is.
    pub(crate) fn last(&self) -> Option<&[u8]> {
        self.entries.last().map(|e| &e.text[..])
    }

    /// The number of the next line.
    pub(crate) fn next(&self) -> usize {
        self.entries.len()
    }

    /// Notes a line that is about to be sent for the first time.
    pub(crate) fn push(&mut self, text: Vec<u8>) {
        self.entries.push(Entry { text, sent: 0, acknowledged: false });
    }

    /// The lines from `first` on; they count as sent.
    pub(crate) fn send(&mut self, first: usize) -> Vec<Vec<u8>> {
        let lines = self.entries[first..].iter_mut().map(|entry| {
            entry.sent += 1;
            entry.text.clone()
        });
        lines.collect()
    }

    /// The lines from `first` on were acknowledged.
    pub(crate) fn acknowledge(&mut self, first: usize) {
        self.entries[first..].iter_mut().for_each(|e| e.acknowledged = true);
    }

    /// How many lines were acknowledged, or sent again.
    pub(crate) fn figures(&self) -> Found {
        let count = |wanted: fn(&Entry) -> bool| self.entries.iter().filter(|e| wanted(e)).count() as u64;
        Found { acknowledged: count(|e| e.acknowledged), sent_again: count(|e| e.sent > 1), twice: 0 }
    }
}

/// Holds the lines that were found, in write order, against what was sent: every acknowledged line is there, once for
/// each time it was sent at most; nothing is there that was not sent; each sender's lines are in its order; and what is
/// there of a sender that sends again has no hole.
pub(crate) fn check(ledgers: &[&Ledger], lines: impl Iterator<Item = Vec<u8>>, when: &str) -> Found {
    let mut of_text: HashMap<&[u8], (usize, usize)> = HashMap::new();
    for (sender, ledger) in ledgers.iter().enumerate() {
        for (number, entry) in ledger.entries.iter().enumerate() {
            assert!(of_text.insert(&entry.text, (sender, number)).is_none(), "the test sends a line twice");
        }
    }
    let mut times: Vec<Vec<u32>> = ledgers.iter().map(|l| vec![0; l.entries.len()]).collect();
    let mut next_new: Vec<usize> = vec![0; ledgers.len()];
    for text in lines {
        let shown = || String::from_utf8_lossy(&text[..text.len().min(300)]).into_owned();
        let Some(&(sender, number)) = of_text.get(&text[..]) else {
            panic!("{when}: a record that nobody sent: {}", shown());
        };
        if times[sender][number] == 0 {
            let expected = next_new[sender];
            assert!(number >= expected, "{when}: out of order: {}", shown());
            let hole = ledgers[sender].sends_again && number != expected;
            assert!(!hole, "{when}: a hole before line {number} of sender {sender}, from {expected} on");
            next_new[sender] = number + 1;
        }
        times[sender][number] += 1;
    }
    let mut found = Found::default();
    for (sender, ledger) in ledgers.iter().enumerate() {
        found.add(ledger.figures());
        for (number, entry) in ledger.entries.iter().enumerate() {
            let there = times[sender][number];
            let (least, most) = (u32::from(entry.acknowledged), entry.sent + ledger.repeats);
            let place = format!("{when}: line {number} of sender {sender}");
            assert!(there >= least, "{place} was acknowledged and is gone");
            assert!(there <= most, "{place} was sent {} times and is there {there} times", entry.sent);
            found.twice += u64::from(there > 1);
        }
    }
    found
}
