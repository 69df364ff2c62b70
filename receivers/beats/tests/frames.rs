//! The decoder over every way to cut a stream, over large frames, and over bytes that are none.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use gastrolog_net::inflate::InflateLimits;
use gastrolog_receiver_beats::{Decoder, Flaw, Frame, FrameLimits, ack};
use proptest::prelude::*;

fn limits() -> FrameLimits {
    FrameLimits {
        event_bytes_max: 50,
        compressed_bytes_max: 10_000,
        inflate: InflateLimits { bytes_max: 2 << 20, ratio_max: 100 },
    }
}

fn window(count: u32) -> Vec<u8> {
    [b"2W", &count.to_be_bytes()[..]].concat()
}

fn event(seq: u32, text: &[u8]) -> Vec<u8> {
    [b"2J", &seq.to_be_bytes()[..], &(text.len() as u32).to_be_bytes(), text].concat()
}

fn compressed(frames: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(frames).unwrap();
    let bytes = encoder.finish().unwrap();
    [b"2C", &(bytes.len() as u32).to_be_bytes()[..], &bytes].concat()
}

/// What comes out of `pieces`: events as number, text and whether it was cut; windows as their size and nothing.
fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Vec<(u32, Vec<u8>, bool)>, Flaw> {
    let mut decoder = Decoder::new(limits());
    let mut out = Vec::new();
    for piece in pieces {
        decoder.space().extend_from_slice(piece);
        while let Some(frame) = decoder.next()? {
            out.push(match frame {
                Frame::Window(count) => (count, Vec::new(), false),
                Frame::Event { seq, text, truncated } => (seq, text.to_vec(), truncated),
            });
        }
    }
    Ok(out)
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_frames(
        texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 1..8),
        packed: bool,
        piece in 1usize..64,
    ) {
        let frames: Vec<u8> = texts.iter().enumerate().flat_map(|(i, text)| event(i as u32 + 7, text)).collect();
        let body = if packed { compressed(&frames) } else { frames };
        let stream = [window(texts.len() as u32), body, event(1, b"after")].concat();
        let mut want = vec![(texts.len() as u32, Vec::new(), false)];
        want.extend(texts.iter().enumerate().map(|(i, t)| {
            (i as u32 + 7, t[..t.len().min(50)].to_vec(), t.len() > 50)
        }));
        want.push((1, b"after".to_vec(), false));
        prop_assert_eq!(decode(stream.chunks(piece)), Ok(want));
    }

    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..300), piece in 1usize..40) {
        let _ = decode(bytes.chunks(piece));
        let _ = decode([&b"2C\0\0\0\x40"[..], &bytes].into_iter());
        let _ = decode([&compressed(&bytes)[..]].into_iter());
    }
}

#[test]
fn what_is_no_frame_is_said_at_once() {
    let one = |bytes: &[u8]| decode(std::iter::once(bytes)).unwrap_err();
    assert_eq!(one(b"GET"), Flaw::NotAFrame(b'G', b'E'));
    assert_eq!(one(b"\x16"), Flaw::NotAFrame(0x16, 0));
    assert_eq!(one(b"2A\0\0\0\0"), Flaw::NotAFrame(b'2', b'A'));
    assert_eq!(one(b"1W\0\0\0\x01"), Flaw::NotAFrame(b'1', b'W'));
    assert_eq!(one(b"2C\xff\xff\xff\xff"), Flaw::TooLong(u32::MAX as usize, 10_000));
    assert!(matches!(one(b"2C\0\0\0\x03abc"), Flaw::Inflate(_)));
    assert_eq!(one(&compressed(&event(1, b"cut")[..12])), Flaw::Inside);
    assert_eq!(one(&compressed(&compressed(b""))), Flaw::Inside);
}

#[test]
fn a_bomb_is_not_inflated() {
    let bomb = compressed(&vec![b'2'; 8 << 20]);
    assert!(bomb.len() < 10_000);
    assert!(
        matches!(decode(std::iter::once(&bomb[..])), Err(Flaw::Inflate(why)) if why.contains("100 times"))
    );
}

#[test]
fn a_text_of_any_length_costs_its_limit() {
    let mut decoder = Decoder::new(limits());
    decoder.space().extend_from_slice(b"2J\0\0\0\x05\xff\xff\xff\xff");
    let mut events = 0;
    for _ in 0..1_000 {
        decoder.space().extend_from_slice(&[b'x'; 1_000]);
        while let Some(frame) = decoder.next().unwrap() {
            assert_eq!(frame, Frame::Event { seq: 5, text: &[b'x'; 50], truncated: true });
            events += 1;
        }
        assert!(decoder.held_bytes() <= 1_000);
    }
    assert_eq!(events, 1);
}

#[test]
fn acknowledgements_are_six_bytes() {
    assert_eq!(ack(0x0102_0304), *b"2A\x01\x02\x03\x04");
}
