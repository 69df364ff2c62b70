//! Everything that is inflated, by every codec: never more than the limit comes out.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use gastrolog_net::inflate::{Codec, InflateLimits, inflate};

use crate::Target;
use crate::corpus::file;

pub(crate) const TARGETS: &[Target] = &[Target::new("inflate", run, seeds)];

const CODECS: [Codec; 5] = [Codec::Gzip, Codec::Zlib, Codec::Deflate, Codec::Zstd, Codec::Snappy];

const LIMITS: InflateLimits = InflateLimits { bytes_max: 2 << 20, ratio_max: 20 };

/// The first byte says which codec. Short texts, and small ones of which much comes out.
fn seeds() -> Vec<Vec<u8>> {
    let text: Vec<u8> = file("logs/app.log").into_iter().take(500).collect();
    let mut seeds = Vec::new();
    for plain in [text, vec![b'x'; 3 << 20]] {
        let mut gzip = GzEncoder::new(vec![0], Compression::fast());
        let mut zlib = ZlibEncoder::new(vec![1], Compression::fast());
        let written = gzip.write_all(&plain).and_then(|()| zlib.write_all(&plain));
        assert!(written.is_ok(), "writing to memory failed");
        let zstd = zstd::encode_all(&plain[..], 1).unwrap_or_default();
        seeds.extend(gzip.finish().into_iter().chain(zlib.finish()));
        seeds.push([&[3], zstd.as_slice()].concat());
    }
    // Five bytes, a literal and a copy; then one that says that 4 GiB come out.
    seeds.push(b"\x04\x05\x10hello".to_vec());
    seeds.push(b"\x04\xff\xff\xff\xff\x0f\x00a".to_vec());
    seeds.retain(|s| s.len() < 20_000);
    seeds
}

fn run(data: &[u8]) {
    let Some((&number, packed)) = data.split_first() else { return };
    let Some(&codec) = CODECS.get(usize::from(number) % CODECS.len()) else { return };
    Codec::sniff(packed);
    if let Ok(plain) = inflate(codec, packed, &LIMITS) {
        assert!(plain.len() <= LIMITS.bytes_max, "{codec:?} gave {} bytes", plain.len());
    }
}
