//! What was compressed comes back, within the limits; anything else is an error.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use gastrolog_net::inflate::{Codec, InflateError, InflateLimits, inflate};
use proptest::prelude::*;

const CODECS: [Codec; 5] = [Codec::Gzip, Codec::Zlib, Codec::Deflate, Codec::Zstd, Codec::Snappy];

fn deflate(codec: Codec, plain: &[u8]) -> Vec<u8> {
    fn written<W: Write>(mut to: W, plain: &[u8]) -> W {
        to.write_all(plain).unwrap();
        to
    }
    let level = Compression::default();
    match codec {
        Codec::Gzip => written(GzEncoder::new(Vec::new(), level), plain).finish().unwrap(),
        Codec::Zlib => written(ZlibEncoder::new(Vec::new(), level), plain).finish().unwrap(),
        Codec::Deflate => written(DeflateEncoder::new(Vec::new(), level), plain).finish().unwrap(),
        Codec::Zstd => zstd::bulk::compress(plain, 1).unwrap(),
        Codec::Snappy => snap::raw::Encoder::new().compress_vec(plain).unwrap(),
    }
}

#[test]
fn bombs_are_too_large_by_bytes_and_by_ratio() {
    let plain = vec![b'a'; 8 << 20];
    for codec in CODECS {
        let bomb = deflate(codec, &plain);
        let by_bytes = InflateLimits { bytes_max: 2 << 20, ratio_max: usize::MAX };
        let said = inflate(codec, &bomb, &by_bytes).unwrap_err();
        assert!(matches!(&said, InflateError::TooLarge(s) if s.contains("2097152")), "{codec:?}: {said}");
        let by_ratio = InflateLimits { bytes_max: usize::MAX, ratio_max: 2 };
        let said = inflate(codec, &bomb, &by_ratio).unwrap_err();
        assert!(matches!(&said, InflateError::TooLarge(s) if s.contains("2 times")), "{codec:?}: {said}");
    }
}

#[test]
fn names_and_first_bytes_tell_the_codec() {
    assert_eq!(Codec::of_http(" GZIP "), Ok(Some(Codec::Gzip)));
    assert_eq!(Codec::of_http("identity"), Ok(None));
    assert!(Codec::of_http("br").is_err());
    for codec in [Codec::Gzip, Codec::Zlib, Codec::Zstd] {
        assert_eq!(Codec::sniff(&deflate(codec, b"hello")), Some(codec));
    }
    assert_eq!(Codec::sniff(b"{\"x\":1}"), None);
    assert_eq!(Codec::sniff(b"x"), None);
}

proptest! {
    #[test]
    fn comes_back(plain in proptest::collection::vec(0u8..4, 0..5000), which in 0usize..5) {
        let codec = CODECS[which];
        prop_assert_eq!(inflate(codec, &deflate(codec, &plain), &InflateLimits::default()), Ok(plain));
    }

    #[test]
    fn hostile_bytes_are_an_error_or_bounded(bytes in proptest::collection::vec(any::<u8>(), 0..300), which in 0usize..5) {
        let limits = InflateLimits { bytes_max: 10_000, ratio_max: 250 };
        if let Ok(out) = inflate(CODECS[which], &bytes, &limits) {
            prop_assert!(out.len() <= 10_000);
        }
    }
}
