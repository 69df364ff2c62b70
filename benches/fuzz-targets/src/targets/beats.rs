//! Frames of Lumberjack: they do not depend on how the stream is cut into reads, and nothing is longer than the limits.

use std::io::Write;
use std::mem::{Discriminant, discriminant};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use gastrolog_net::inflate::InflateLimits;
use gastrolog_receiver_beats::{Decoder, Flaw, Frame, FrameLimits, ack, hostile};

use crate::Target;
use crate::corpus::lines;

pub(crate) const TARGETS: &[Target] =
    &[Target::new("beats_frames", run, seeds), Target::new("beats_event", event, events)];

const COMPRESSED_BYTES_MAX: usize = 64 << 10;

fn frame(kind: u8, numbers: &[u32], data: &[u8]) -> Vec<u8> {
    let numbers = numbers.iter().flat_map(|n| n.to_be_bytes());
    [b'2', kind].into_iter().chain(numbers).chain(data.iter().copied()).collect()
}

fn events() -> Vec<Vec<u8>> {
    let mut events = lines("app.jsonl", 40);
    events.push(br#"{"@timestamp":"2026-11-21T08:00:00.250Z","message":"a","n":{"@timestamp":1}}"#.to_vec());
    events.push(br#"{"\u0040timestamp":1795248000250}"#.to_vec());
    events
}

fn seeds() -> Vec<Vec<u8>> {
    let mut plain = Vec::new();
    for (seq, event) in (1u32..).zip(events()) {
        plain.extend(frame(b'J', &[seq, event.len() as u32], &event));
    }
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    let packed = zlib.write_all(&plain).and_then(|()| zlib.finish()).unwrap_or_default();
    let window = frame(b'W', &[events().len() as u32], b"");
    let bomb = frame(b'J', &[1, u32::MAX], b"{\"a\":");
    vec![
        [&[200, 7], &window[..], &plain].concat(),
        [&[200, 50], &window[..], &frame(b'C', &[packed.len() as u32], &packed)].concat(),
        [&[3, 1], &bomb[..]].concat(),
        [&[3, 1], &frame(b'C', &[u32::MAX], b"x\x9c")[..]].concat(),
    ]
}

/// Of a flaw its kind: what it shows of the bytes is what had come by then.
type Seen = (Vec<(u32, Vec<u8>, bool)>, Vec<u32>, Option<Discriminant<Flaw>>);

/// The first byte is the limit of an event, the second the size of a read.
fn run(data: &[u8]) {
    let Some((&[limit, step], stream)) = data.split_first_chunk::<2>() else { return };
    let limit = usize::from(limit).max(1);
    let pieces = frames(stream, limit, usize::from(step).max(1));
    assert!(pieces.0.iter().all(|(_, text, _)| text.len() <= limit));
    assert_eq!(pieces, frames(stream, limit, usize::MAX));
}

fn frames(stream: &[u8], limit: usize, step: usize) -> Seen {
    let inflate = InflateLimits { bytes_max: 1 << 20, ratio_max: 50 };
    let limits = FrameLimits { event_bytes_max: limit, compressed_bytes_max: COMPRESSED_BYTES_MAX, inflate };
    let mut decoder = Decoder::new(limits);
    let (mut events, mut windows) = (Vec::new(), Vec::new());
    for read in stream.chunks(step) {
        decoder.space().extend_from_slice(read);
        loop {
            match decoder.next() {
                Ok(Some(Frame::Window(count))) => windows.push(count),
                Ok(Some(Frame::Event { seq, text, truncated })) => {
                    events.push((seq, text.to_vec(), truncated))
                }
                Ok(None) => break,
                Err(flaw) => return (events, windows, Some(discriminant(&flaw))),
            }
        }
        let most = COMPRESSED_BYTES_MAX + inflate.bytes_max + limit + read.len() + 16;
        assert!(decoder.held_bytes() <= most, "{} bytes are held", decoder.held_bytes());
    }
    (events, windows, None)
}

fn event(data: &[u8]) {
    hostile::time(data);
    ack(data.len() as u32);
}
