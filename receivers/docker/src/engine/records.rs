//! Makes records of one container's log: passes over what was taken before, joins pieces, keeps the bookmark.

use gastrolog_follow::Stream;
use gastrolog_ingest::Counters;
use gastrolog_types::{Batch, Timestamp};

use super::attributes::{Own, Sets};
use super::budget::{Budget, Share};
use super::frames::{Frame, Frames};
use super::marks::{Mark, Resumed, StreamMark};
use super::message::{Message, Messages};

/// The log of one container, from where it was asked for.
pub(crate) struct Records {
    is_terminal: bool,
    line_bytes_max: usize,
    held: Budget,
    sets: Sets,
    frames: Frames,
    messages: Messages,
    /// Behind what is in records.
    mark: Mark,
    lanes: [Lane; 2],
}

/// One stream.
struct Lane {
    stream: Stream,
    resumed: Resumed,
    /// Behind what came.
    seen: Option<StreamMark>,
    open: Option<Open>,
}

/// The beginning of a line that came in pieces.
struct Open {
    text: Vec<u8>,
    time: Timestamp,
    ingest: Timestamp,
    truncated: bool,
    share: Share,
}

impl Records {
    /// Of a log that was asked for since `mark`. `held` is what it and others hold back.
    pub(crate) fn new(
        mut mark: Mark,
        is_terminal: bool,
        sets: Sets,
        line_bytes_max: usize,
        held: &Budget,
    ) -> Records {
        let lanes = [Stream::Stdout, Stream::Stderr].map(|stream| {
            let seen = *mark.stream(stream);
            Lane { stream, resumed: Resumed::at(seen), seen, open: None }
        });
        let (frames, messages) = (Frames::new(is_terminal), Messages::default());
        Records { is_terminal, line_bytes_max, held: held.clone(), sets, frames, messages, mark, lanes }
    }

    /// Takes bytes of the log; whole records go into `out`. An error ends the log: it must be asked for again.
    pub(crate) fn take(
        &mut self,
        bytes: &[u8],
        now: Timestamp,
        counters: &Counters,
        out: &mut Batch,
    ) -> Result<(), String> {
        self.frames.push(bytes);
        while let Some(frame) = self.frames.next()? {
            self.frame(frame, now, counters, out);
        }
        Ok(())
    }

    /// Nothing more comes: what is held back is given.
    pub(crate) fn end(&mut self, now: Timestamp, counters: &Counters, out: &mut Batch) {
        if let Some(frame) = self.frames.rest() {
            self.frame(frame, now, counters, out);
        }
        for at in 0..self.lanes.len() {
            self.end_line(at, true, out);
        }
    }

    /// Where to go on once the records are stored.
    pub(crate) fn mark(&self, now: Timestamp) -> Mark {
        let open = self.lanes.iter().filter_map(|lane| lane.open.as_ref()).map(|open| open.time.0).min();
        Mark { open_ns: open, seen_ns: now.0, ..self.mark.clone() }
    }

    fn frame(&mut self, frame: Frame, now: Timestamp, counters: &Counters, out: &mut Batch) {
        let Frame { stream, bytes, truncated } = frame;
        match self.messages.read(bytes, self.is_terminal) {
            Ok(message) => self.message(stream, message, truncated, now, out),
            Err(mut text) => {
                counters.said("a message is stored as it is: it does not begin with a time");
                text.pop_if(|last| *last == b'\n');
                let own = Own { stream, truncated, has_no_time: true, ..Own::default() };
                let attributes = self.sets.of(own);
                counters.malformed_record(&text, &attributes);
                out.push(&text, &attributes, now, Timestamp::NONE);
            }
        }
    }

    fn message(
        &mut self,
        stream: Stream,
        message: Message,
        truncated: bool,
        now: Timestamp,
        out: &mut Batch,
    ) {
        let at = usize::from(stream == Stream::Stderr);
        let Message { time, text, goes_on } = message;
        let Some(lane) = self.lanes.get_mut(at) else { return };
        if !lane.resumed.is_new(time) {
            return;
        }
        let held = lane.open.as_ref().map_or(0, |open| open.text.len());
        if held > 0 && held + text.len() > self.line_bytes_max {
            self.end_line(at, true, out);
        }
        let Some(lane) = self.lanes.get_mut(at) else { return };
        lane.seen = Some(StreamMark::after(lane.seen, time));
        let bytes = text.len();
        match &mut lane.open {
            Some(open) => {
                open.text.extend_from_slice(&text);
                open.truncated |= truncated;
            }
            none => *none = Some(Open { text, time, ingest: now, truncated, share: self.held.share() }),
        }
        lane.open.iter_mut().for_each(|open| open.share.add(bytes));
        // On a terminal the end of a line is the end of its message.
        if !goes_on || truncated || self.is_terminal {
            self.end_line(at, false, out);
        } else if self.held.is_over() {
            self.end_line(at, true, out);
        }
    }

    fn end_line(&mut self, at: usize, partial: bool, out: &mut Batch) {
        let Some(lane) = self.lanes.get_mut(at) else { return };
        let Some(open) = lane.open.take() else { return };
        *self.mark.stream(lane.stream) = lane.seen;
        let own = Own { stream: lane.stream, truncated: open.truncated, partial, has_no_time: false };
        out.push(&open.text, &self.sets.of(own), open.ingest, open.time);
    }
}

#[cfg(test)]
mod tests {
    use super::super::budget::HELD_BYTES_MAX;
    use super::*;

    /// A piece of a line of standard output, in its frame.
    fn piece(bytes: usize) -> Vec<u8> {
        let text = format!("2026-11-21T09:14:20Z {}", "x".repeat(bytes));
        [&[1, 0, 0, 0], &(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat()
    }

    #[test]
    fn all_together_hold_back_no_more_than_the_limit() {
        let (held, counters, now) = (Budget::default(), Counters::default(), Timestamp(1));
        let new = |_| Records::new(Mark::default(), false, Sets::new("r", "c", Vec::new()), 1 << 20, &held);
        let mut logs: Vec<Records> = (0..10).map(new).collect();
        let mut out = Batch::default();
        for _ in 0..5 {
            for log in &mut logs {
                log.take(&piece(3000), now, &counters, &mut out).unwrap();
            }
            let open = logs.iter().flat_map(|log| &log.lanes).filter_map(|lane| lane.open.as_ref());
            assert!(open.map(|open| open.text.len()).sum::<usize>() <= HELD_BYTES_MAX);
        }
        assert!(out.len() > 3, "{} records", out.len());
        logs.iter_mut().for_each(|log| log.end(now, &counters, &mut out));
        assert_eq!(out.text.len(), 10 * 5 * 3000);
        drop(logs);
        assert_eq!(held.bytes(), 0);
    }
}
