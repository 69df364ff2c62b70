//! Makes records of the lines of one file that has a format: decodes them and joins what belongs together.
//!
//! **Invariant:** what a stream has not handed on yet begins at a line of the file, and [`Assembly::safe`] is there: read
//! from it again, with what it says of the other stream, the same records come and no others.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use gastrolog_ingest::Counters;
use gastrolog_types::{Batch, Timestamp};

use crate::decode::{Decoder, Pairs, Piece, Stream};
use crate::mark::LANES;
use crate::sets::{Own, Sets};

/// Where a line is in its file, and what is known of it without reading it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Its first byte.
    pub(crate) start: u64,
    /// It was longer than the limit.
    pub(crate) truncated: bool,
    /// When it was read.
    pub(crate) ingest: Timestamp,
}

/// The lines of one file on their way to records.
pub(crate) struct Assembly {
    decoder: Box<dyn Decoder>,
    sets: Sets,
    lanes: [Lane; LANES],
    joined_bytes_max: usize,
}

/// One stream.
#[derive(Default)]
struct Lane {
    /// Lines before it were stored already when the file was opened.
    ahead: u64,
    joining: Option<Joining>,
}

/// The beginning of a line that came in pieces.
struct Joining {
    text: Vec<u8>,
    place: Place,
    stream: Stream,
    source: Timestamp,
    pairs: Pairs,
    /// When its last piece came.
    since: Instant,
}

impl Assembly {
    pub(crate) fn new(
        decoder: Box<dyn Decoder>,
        sets: Sets,
        ahead: [u64; LANES],
        joined_bytes_max: usize,
    ) -> Self {
        let lanes = ahead.map(|ahead| Lane { ahead, ..Lane::default() });
        Assembly { decoder, sets, lanes, joined_bytes_max }
    }

    /// Asks what is known of the file by now.
    pub(crate) fn learn(&mut self) {
        if let Some(news) = self.decoder.news() {
            self.sets.learn(news);
        }
    }

    /// Takes a line; records that are whole go into `out`.
    pub(crate) fn take(&mut self, line: &[u8], place: Place, counters: &Counters, out: &mut Batch) {
        match self.decoder.decode(line) {
            Ok(piece) => {
                if self.is_new(piece.stream.lane(), place) {
                    self.piece(piece, place, out);
                }
            }
            Err(why) if self.is_new(Stream::Only.lane(), place) => {
                counters.parse_error();
                counters.said(format_args!("a line is stored as it is: {why}"));
                // It has no stream: what is in order with it must not come after it.
                self.flush_lane(Stream::Only.lane(), out);
                let own = Own { truncated: place.truncated, parse_error: Some(why), ..Own::default() };
                out.push(line, &self.sets.of(own), place.ingest, Timestamp::NONE);
            }
            Err(_) => {}
        }
    }

    fn is_new(&self, lane: usize, place: Place) -> bool {
        self.lanes.get(lane).is_none_or(|lane| place.start >= lane.ahead)
    }

    fn piece(&mut self, piece: Piece<'_>, place: Place, out: &mut Batch) {
        let lane = piece.stream.lane();
        let held = self.lanes.get(lane).and_then(|lane| lane.joining.as_ref()).map(|j| j.text.len());
        if held.is_some_and(|bytes| bytes + piece.text.len() > self.joined_bytes_max) {
            self.flush_lane(lane, out);
        }
        let Some(joining) = self.lanes.get_mut(lane).map(|lane| &mut lane.joining) else { return };
        let goes_on = piece.goes_on && !place.truncated;
        match joining {
            None if !goes_on => {
                let own = Own {
                    stream: piece.stream,
                    truncated: place.truncated,
                    pairs: piece.attributes,
                    ..Own::default()
                };
                let source = piece.source.unwrap_or(Timestamp::NONE);
                out.push(&piece.text, &self.sets.of(own), place.ingest, source);
            }
            None => *joining = Some(Joining::begin(piece, place)),
            Some(under_way) => {
                under_way.go_on(&piece.text, place);
                if !goes_on {
                    self.hand_on(lane, false, out);
                }
            }
        }
    }

    fn hand_on(&mut self, lane: usize, partial: bool, out: &mut Batch) {
        let Some(joined) = self.lanes.get_mut(lane).and_then(|lane| lane.joining.take()) else { return };
        let own = Own {
            stream: joined.stream,
            truncated: joined.place.truncated,
            partial,
            pairs: joined.pairs,
            parse_error: None,
        };
        out.push(&joined.text, &self.sets.of(own), joined.place.ingest, joined.source);
    }

    /// Hands on what a stream holds, though it is not whole.
    fn flush_lane(&mut self, lane: usize, out: &mut Batch) {
        self.hand_on(lane, true, out);
    }

    /// Hands on all that is held: nothing more comes.
    pub(crate) fn flush(&mut self, out: &mut Batch) {
        for lane in 0..LANES {
            self.flush_lane(lane, out);
        }
    }

    /// Hands on what has waited for more for so long.
    pub(crate) fn flush_aged(&mut self, wait: Duration, out: &mut Batch) {
        for lane in 0..LANES {
            let since = self.lanes.get(lane).and_then(|lane| lane.joining.as_ref()).map(|held| held.since);
            if since.is_some_and(|since| since.elapsed() >= wait) {
                self.flush_lane(lane, out);
            }
        }
    }

    /// The file begins anew.
    pub(crate) fn restart(&mut self, out: &mut Batch) {
        self.flush(out);
        for lane in &mut self.lanes {
            lane.ahead = 0;
        }
    }

    /// How much is held.
    pub(crate) fn held_bytes(&self) -> usize {
        self.lanes.iter().filter_map(|lane| lane.joining.as_ref()).map(|held| held.text.len()).sum()
    }

    /// From where to read again, with what is before that and was handed on, when `read` bytes were read.
    pub(crate) fn safe(&self, read: u64) -> (u64, [u64; LANES]) {
        let of = |lane: &Lane| lane.joining.as_ref().map_or(read, |held| held.place.start).max(lane.ahead);
        let ahead: [u64; LANES] = std::array::from_fn(|at| self.lanes.get(at).map_or(read, of));
        let first = ahead.iter().copied().min().unwrap_or(read).min(read);
        if ahead == [first; LANES] { (first, [0; LANES]) } else { (first, ahead) }
    }
}

impl Joining {
    fn begin(piece: Piece<'_>, place: Place) -> Joining {
        Joining {
            text: Cow::into_owned(piece.text),
            place,
            stream: piece.stream,
            source: piece.source.unwrap_or(Timestamp::NONE),
            pairs: piece.attributes,
            since: Instant::now(),
        }
    }

    fn go_on(&mut self, text: &[u8], place: Place) {
        self.text.extend_from_slice(text);
        self.place.truncated |= place.truncated;
        self.since = Instant::now();
    }
}
