//! Makes records of one container's log: passes over what was taken before, joins pieces, keeps the bookmark.

use gastrolog_follow::Stream;
use gastrolog_ingest::Counters;
use gastrolog_types::{Batch, Timestamp};

use super::attributes::{Own, Sets};
use super::frames::{Frame, Frames};
use super::marks::{Mark, Resumed, StreamMark};
use super::message::{Message, Messages};

/// The log of one container, from where it was asked for.
pub(crate) struct Records {
    is_terminal: bool,
    line_bytes_max: usize,
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
}

impl Records {
    /// Of a log that was asked for since `mark`.
    pub(crate) fn new(mut mark: Mark, is_terminal: bool, sets: Sets, line_bytes_max: usize) -> Records {
        let lanes = [Stream::Stdout, Stream::Stderr].map(|stream| {
            let seen = *mark.stream(stream);
            Lane { stream, resumed: Resumed::at(seen), seen, open: None }
        });
        let (frames, messages) = (Frames::new(is_terminal), Messages::default());
        Records { is_terminal, line_bytes_max, sets, frames, messages, mark, lanes }
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
        match &mut lane.open {
            Some(open) => {
                open.text.extend_from_slice(&text);
                open.truncated |= truncated;
            }
            none => *none = Some(Open { text, time, ingest: now, truncated }),
        }
        // On a terminal the end of a line is the end of its message.
        if !goes_on || truncated || self.is_terminal {
            self.end_line(at, false, out);
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
