//! Frames come out as they went in, however the stream is cut; hostile bytes are an error.

use gastrolog_receiver_relp::{Broken, Command, Decoder};
use proptest::prelude::*;

type Seen = (u32, Command, Vec<u8>, bool);

/// Feeds `bytes` in pieces of `piece` bytes.
fn decode(bytes: &[u8], piece: usize, max: usize) -> Result<Vec<Seen>, Broken> {
    let mut decoder = Decoder::new(max);
    let mut seen = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        decoder.space().extend_from_slice(piece);
        while let Some(frame) = decoder.next()? {
            seen.push((frame.number, frame.command, frame.data.to_vec(), frame.truncated));
        }
    }
    Ok(seen)
}

#[test]
fn a_session() {
    let bytes =
        b"1 open 16 relp_version=0\nx\n2 syslog 5 <1>a\n\n3 syslog 3 a b\n999999999 close 0\n1 hint 0 \n";
    for piece in [1, 2, 3, 7, 1000] {
        let seen = decode(bytes, piece, 100).unwrap();
        let want: Vec<Seen> = vec![
            (1, Command::Open, b"relp_version=0\nx".to_vec(), false),
            (2, Command::Syslog, b"<1>a\n".to_vec(), false),
            (3, Command::Syslog, b"a b".to_vec(), false),
            (999_999_999, Command::Close, b"".to_vec(), false),
            (1, Command::Other, b"".to_vec(), false),
        ];
        assert_eq!(seen, want);
    }
}

#[test]
fn what_is_too_long_is_cut_and_the_next_is_found() {
    let bytes = b"1 syslog 10 0123456789\n2 syslog 4 0123\n3 syslog 5 01234\n4 syslog 1 x\n";
    for piece in [1, 2, 3, 7, 1000] {
        let seen = decode(bytes, piece, 4).unwrap();
        let texts: Vec<(&[u8], bool)> = seen.iter().map(|s| (&s.2[..], s.3)).collect();
        assert_eq!(texts, [(&b"0123"[..], true), (b"0123", false), (b"0123", true), (b"x", false)]);
    }
}

#[test]
fn what_is_not_relp_is_an_error() {
    for (bytes, why) in [
        (&b"<13>hello\n"[..], Broken::Number),
        (b"1234567890 syslog 0\n", Broken::Number),
        (b"1\n", Broken::Number),
        (b"1  syslog 0\n", Broken::Command),
        (b"1 sys-log 0\n", Broken::Command),
        (b"1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Broken::Command),
        (b"1 syslog x\n", Broken::Length),
        (b"1 syslog 1234567890 x\n", Broken::Length),
        (b"1 syslog 5\n", Broken::Length),
        (b"1 syslog 1 xx\n", Broken::Trailer),
    ] {
        assert_eq!(decode(bytes, 1000, 100), Err(why), "{:?}", String::from_utf8_lossy(bytes));
        assert_eq!(decode(bytes, 1, 100), Err(why));
    }
}

proptest! {
    #[test]
    fn comes_back(
        texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..20),
        piece in 1usize..50,
        max in 1usize..60,
    ) {
        let mut bytes = Vec::new();
        for (i, text) in texts.iter().enumerate() {
            bytes.extend_from_slice(format!("{i} syslog {} ", text.len()).as_bytes());
            bytes.extend_from_slice(text);
            bytes.push(b'\n');
        }
        let seen = decode(&bytes, piece, max).unwrap();
        prop_assert_eq!(seen.len(), texts.len());
        for (i, (text, frame)) in texts.iter().zip(&seen).enumerate() {
            let kept = text.len().min(max);
            prop_assert_eq!(frame, &(i as u32, Command::Syslog, text[..kept].to_vec(), kept < text.len()));
        }
    }

    #[test]
    fn hostile_bytes_neither_panic_nor_grow_the_buffer(
        bytes in proptest::collection::vec(proptest::sample::select(b"0123456789 \nasyloge\0".to_vec()), 0..400),
        piece in 1usize..20,
    ) {
        let mut decoder = Decoder::new(50);
        for piece in bytes.chunks(piece) {
            decoder.space().extend_from_slice(piece);
            while let Ok(Some(_)) = decoder.next() {}
            prop_assert!(decoder.waiting() <= 50 + 60 + 20 || decoder.next().is_err());
        }
    }
}
