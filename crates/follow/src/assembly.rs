//! Makes records of the lines of one file that has a format: decodes them, joins pieces, groups lines.
//!
//! **Invariant:** what a stream has not handed on yet begins at a line of the file, and [`Assembly::safe`] is there: read
//! from it again, with what it says of the other stream, the same records come and no others.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use gastrolog_ingest::Counters;
use gastrolog_ingest::multiline::{Group, Grouper};
use gastrolog_types::{Batch, Timestamp};

use crate::config::FollowConfig;
use crate::decode::{Decoder, Piece, Stream};
use crate::mark::LANES;
use crate::sets::{Own, Sets};

/// Where a line is in its file, and what is known of it without reading it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Its first byte.
    pub(crate) start: u64,
    /// It was longer than the limit.
    pub(crate) truncated: bool,
    /// When it was read; that of its first line is that of a record.
    pub(crate) ingest: Timestamp,
}

/// The lines of one file on their way to records.
pub(crate) struct Assembly {
    decoder: Box<dyn Decoder>,
    sets: Sets,
    lanes: [Lane; LANES],
    groups: Option<Grouper<usize, u64>>,
    joined_bytes_max: usize,
}

/// One stream.
#[derive(Default)]
struct Lane {
    /// Lines before it were stored already when the file was opened.
    ahead: u64,
    /// The beginning of a line that came in pieces.
    joining: Option<Joining>,
    /// Of the group that is open.
    head: Option<Head>,
}

struct Joining {
    text: Vec<u8>,
    head: Head,
    /// When its last piece came.
    since: Instant,
}

/// What is known of a record beside its text: what its first line says.
struct Head {
    place: Place,
    own: Own,
    source: Timestamp,
    /// Of its text, so far.
    bytes: usize,
}

impl Assembly {
    pub(crate) fn new(
        decoder: Box<dyn Decoder>,
        sets: Sets,
        ahead: [u64; LANES],
        config: &FollowConfig,
    ) -> Assembly {
        let lanes = ahead.map(|ahead| Lane { ahead, ..Lane::default() });
        let groups = config.multiline.clone().map(Grouper::new);
        Assembly { decoder, sets, lanes, groups, joined_bytes_max: config.line_bytes_max }
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
                counters.said(format_args!("a line is stored as it is: {why}"));
                // It has no stream: what is in order with it must not come after it.
                self.flush_lane(Stream::Only.lane(), out);
                let own = Own { truncated: place.truncated, parse_error: Some(why), ..Own::default() };
                let attributes = self.sets.of(own);
                counters.malformed_record(line, &attributes);
                out.push(line, &attributes, place.ingest, Timestamp::NONE);
            }
            Err(_) => {}
        }
    }

    fn is_new(&self, lane: usize, place: Place) -> bool {
        self.lanes.get(lane).is_none_or(|lane| place.start >= lane.ahead)
    }

    fn piece(&mut self, piece: Piece<'_>, place: Place, out: &mut Batch) {
        let at = piece.stream.lane();
        let held = self.lanes.get(at).and_then(|lane| lane.joining.as_ref()).map(|j| j.text.len());
        if held.is_some_and(|bytes| bytes + piece.text.len() > self.joined_bytes_max) {
            self.end_joining(at, true, out);
        }
        let goes_on = piece.goes_on && !place.truncated;
        let Some(joining) = self.lanes.get_mut(at).map(|lane| &mut lane.joining) else { return };
        match joining {
            None if goes_on => *joining = Some(Joining::begin(piece, place)),
            None => {
                let (head, text) = Head::of(piece, place);
                self.line(at, &text, head, out);
            }
            Some(under_way) => {
                under_way.go_on(&piece.text, place);
                if !goes_on {
                    self.end_joining(at, false, out);
                }
            }
        }
    }

    fn end_joining(&mut self, at: usize, partial: bool, out: &mut Batch) {
        let Some(joined) = self.lanes.get_mut(at).and_then(|lane| lane.joining.take()) else { return };
        let Joining { text, mut head, .. } = joined;
        head.own.partial |= partial;
        self.line(at, &text, head, out);
    }

    /// Takes a whole line: a record, or part of a group.
    fn line(&mut self, at: usize, text: &[u8], head: Head, out: &mut Batch) {
        let Some(groups) = &mut self.groups else { return self.record(text, head, out) };
        let mut done = Vec::new();
        groups.push(&at, text, head.place.start, Instant::now(), &mut done);
        self.records(done, out);
        let Some(open) = self.lanes.get_mut(at).map(|lane| &mut lane.head) else { return };
        match open {
            None => *open = Some(head),
            Some(open) => {
                open.own.truncated |= head.own.truncated;
                open.own.partial |= head.own.partial;
                open.bytes += text.len() + 1;
            }
        }
    }

    fn records(&mut self, groups: Vec<(usize, Group<u64>)>, out: &mut Batch) {
        for (at, group) in groups {
            let Some(mut head) = self.lanes.get_mut(at).and_then(|lane| lane.head.take()) else { continue };
            head.own.partial |= group.cut;
            self.record(&group.text, head, out);
        }
    }

    fn record(&mut self, text: &[u8], head: Head, out: &mut Batch) {
        out.push(text, &self.sets.of(head.own), head.place.ingest, head.source);
    }

    /// Hands on what a stream holds, though it is not whole.
    fn flush_lane(&mut self, at: usize, out: &mut Batch) {
        self.end_joining(at, true, out);
        let open = self.groups.as_mut().and_then(|groups| groups.finish_stream(&at));
        self.records(open.map(|group| (at, group)).into_iter().collect(), out);
    }

    /// Hands on all that is held: nothing more comes.
    pub(crate) fn flush(&mut self, out: &mut Batch) {
        for at in 0..LANES {
            self.flush_lane(at, out);
        }
    }

    /// Hands on pieces that have waited for more for so long, and groups that are due.
    pub(crate) fn flush_aged(&mut self, wait: Duration, out: &mut Batch) {
        for at in 0..LANES {
            let since = self.lanes.get(at).and_then(|lane| lane.joining.as_ref()).map(|held| held.since);
            if since.is_some_and(|since| since.elapsed() >= wait) {
                self.end_joining(at, true, out);
            }
        }
        let mut done = Vec::new();
        if let Some(groups) = &mut self.groups {
            groups.flush(Instant::now(), &mut done);
        }
        self.records(done, out);
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
        self.lanes.iter().map(Lane::held_bytes).sum()
    }

    /// From where to read again, with what is before that and was handed on, when `read` bytes were read.
    pub(crate) fn safe(&self, read: u64) -> (u64, [u64; LANES]) {
        let mut ahead = [read; LANES];
        for (ahead, lane) in ahead.iter_mut().zip(&self.lanes) {
            *ahead = lane.first().unwrap_or(read).max(lane.ahead);
        }
        let first = ahead.iter().copied().min().unwrap_or(read).min(read);
        if ahead == [first; LANES] { (first, [0; LANES]) } else { (first, ahead) }
    }
}

impl Lane {
    fn held_bytes(&self) -> usize {
        // Nothing of a line may have come but its beginning: it counts all the same.
        let joining = self.joining.as_ref().map_or(0, |joining| joining.text.len().max(1));
        joining + self.head.as_ref().map_or(0, |head| head.bytes.max(1))
    }

    /// Where what it holds begins.
    fn first(&self) -> Option<u64> {
        let joining = self.joining.as_ref().map(|joining| joining.head.place.start);
        self.head.as_ref().map(|head| head.place.start).or(joining)
    }
}

impl Head {
    fn of<'a>(piece: Piece<'a>, place: Place) -> (Head, Cow<'a, [u8]>) {
        let own = Own {
            stream: piece.stream,
            truncated: place.truncated,
            pairs: piece.attributes,
            ..Own::default()
        };
        let source = piece.source.unwrap_or(Timestamp::NONE);
        (Head { place, own, source, bytes: piece.text.len() }, piece.text)
    }
}

impl Joining {
    fn begin(piece: Piece<'_>, place: Place) -> Joining {
        let (head, text) = Head::of(piece, place);
        Joining { text: text.into_owned(), head, since: Instant::now() }
    }

    fn go_on(&mut self, text: &[u8], place: Place) {
        self.text.extend_from_slice(text);
        self.head.bytes = self.text.len();
        self.head.own.truncated |= place.truncated;
        self.since = Instant::now();
    }
}
