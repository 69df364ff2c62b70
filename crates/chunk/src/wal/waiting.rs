//! Frames that wait in memory for somebody to write them, and how some of them are taken back.

use std::ops::Range;

use gastrolog_types::Seq;

use super::frame::{Prepared, place_of};

/// Frames on their way to the disk.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) bytes: Vec<u8>,
    /// Where there are frames, the seq of the first record in them, and one past that of the last.
    pub(super) first_seq: Seq,
    pub(super) end_seq: Seq,
}

impl Waiting {
    /// Adds the frames of a batch that has these seqs, which come after all others.
    pub(super) fn add(&mut self, mark: u32, seqs: Range<Seq>, batch: &Prepared) {
        if self.bytes.is_empty() {
            self.first_seq = seqs.start;
        }
        batch.put(mark, seqs.start, &mut self.bytes);
        self.end_seq = seqs.end;
    }

    /// Puts frames that could not be written before those that came meanwhile.
    pub(super) fn put_back(&mut self, mut earlier: Waiting) {
        earlier.bytes.extend_from_slice(&self.bytes);
        earlier.end_seq = earlier.end_seq.max(self.end_seq);
        *self = earlier;
    }

    /// Takes out the frames whose records have these seqs; answers whether there were any. The others stay in order.
    pub(super) fn take_out(&mut self, seqs: Range<Seq>) -> bool {
        let (mut at, mut out, mut kept): (usize, Option<Range<usize>>, Option<Range<Seq>>) = (0, None, None);
        while let Some((len, frame)) = place_of(self.bytes.get(at..).unwrap_or(&[])) {
            if frame.start < seqs.end && seqs.start < frame.end {
                // The frames of a batch stand together.
                out = Some(out.map_or(at, |o| o.start)..at + len);
            } else {
                kept = Some(kept.map_or(frame.start, |k| k.start)..frame.end);
            }
            at += len;
        }
        let Some(out) = out.filter(|out| out.end <= self.bytes.len()) else { return false };
        self.bytes.drain(out);
        let kept = kept.unwrap_or_default();
        (self.first_seq, self.end_seq) = (kept.start, kept.end);
        true
    }
}

#[cfg(test)]
mod tests {
    use gastrolog_types::{Attributes, Batch, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn prepared(records: u64) -> Prepared {
        let mut batch = Batch::default();
        for _ in 0..records {
            batch.push(b"text", &Attributes::default(), Timestamp(0), Timestamp::NONE);
        }
        Prepared::new(&batch).unwrap()
    }

    fn of(batches: &[Range<Seq>]) -> Waiting {
        let mut waiting = Waiting::default();
        for seqs in batches {
            waiting.add(7, seqs.clone(), &prepared(seqs.end - seqs.start));
        }
        waiting
    }

    proptest! {
        /// What is left is what had been there, had the batch never come; batches of several frames among them.
        #[test]
        fn what_is_taken_out_leaves_no_trace(sizes in proptest::collection::vec(1u64..120, 1..12), which: prop::sample::Index) {
            let mut next = 0;
            let mut batches: Vec<Range<Seq>> = sizes.iter().map(|n| { next += n; next - n..next }).collect();
            let mut waiting = of(&batches);
            let seqs = batches.remove(which.index(batches.len()));
            prop_assert!(waiting.take_out(seqs.clone()));
            prop_assert!(!waiting.take_out(seqs));
            let others = of(&batches);
            prop_assert_eq!(&waiting.bytes, &others.bytes);
            prop_assert_eq!((waiting.first_seq, waiting.end_seq), (others.first_seq, others.end_seq));
        }
    }
}
