//! Bodies of `POST /ingest`: inflated and taken apart.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use gastrolog_net::inflate::Codec;
use gastrolog_receiver_http::hostile;

use crate::Target;
use crate::corpus::{file, lines};

pub(crate) const TARGETS: &[Target] =
    &[Target::new("http_body", body, seeds), Target::new("http_inflated", inflated, seeds)];

/// What the number in the first byte stands for.
fn codec(number: u8) -> Option<Codec> {
    match number & 3 {
        0 => None,
        1 => Some(Codec::Gzip),
        2 => Some(Codec::Zstd),
        _ => Some(Codec::Deflate),
    }
}

/// `body` compressed as the number says.
fn deflated(number: u8, body: &[u8]) -> Vec<u8> {
    let level = Compression::fast();
    let done = match codec(number) {
        Some(Codec::Gzip) => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        Some(Codec::Zstd) => zstd::encode_all(body, 1),
        Some(_) => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        None => Ok(body.to_vec()),
    };
    // Writing to memory does not fail.
    done.unwrap_or_default()
}

/// Two bytes say what the headers would; the rest is the body.
fn seeds() -> Vec<Vec<u8>> {
    let lines = lines("app.jsonl", 20);
    let array = [b"[".as_slice(), &lines.join(&b','), b"]"].concat();
    let text: Vec<u8> = file("logs/app.log").into_iter().take(800).collect();
    let mut seeds: Vec<Vec<u8>> = (0..4).map(|shape| [&[0, shape], array.as_slice()].concat()).collect();
    seeds.push([&[0, 0], text.as_slice()].concat());
    seeds.push([&[0, 2], b"{\n \"a\": 1\n}\n".as_slice()].concat());
    for encoding in 1..=3 {
        seeds.push([&[encoding, 0], deflated(encoding, &text).as_slice()].concat());
    }
    seeds
}

fn body(data: &[u8]) {
    let Some((&[encoding, shape], body)) = data.split_first_chunk::<2>() else { return };
    if let Some(records) = hostile::records(codec(encoding), shape, body) {
        for (i, record) in records.records.iter().enumerate() {
            assert!(record.start <= record.end && record.end as usize <= records.text.len());
            records.text_of(i);
        }
    }
}

/// As [`body`], of a body that is compressed first: to reach what comes behind.
fn inflated(data: &[u8]) {
    let Some((&[encoding, shape], plain)) = data.split_first_chunk::<2>() else { return };
    let plain_records = hostile::records(None, shape, plain);
    let packed = deflated(encoding, plain);
    let records = hostile::records(codec(encoding), shape, &packed);
    assert_eq!(records.map(|r| r.text), plain_records.map(|r| r.text));
}
