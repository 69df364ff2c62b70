//! Bodies and files that are small until they are inflated, over HTTP and by `ingest FILE`.

use std::io::Write;

use super::meter::{measured, peak_mb, refused, row, serve, size};
use crate::support::Place;
use crate::support::http::Connection;

/// A server that is idle takes some 30 MB in a build for tests, inflating 64 MiB, once for the bomb and as much again while
/// the buffer grows.
const SERVER_MB: u64 = 250;

/// `ingest` holds a line of up to 64 MiB, and what it is read into.
const INGEST_MB: u64 = 350;

/// Bytes that one member of a bomb inflates to.
const MEMBER_BYTES: usize = 1 << 20;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Members one after the other inflate one after the other.
fn bomb(member: &[u8]) -> Vec<u8> {
    member.repeat(size(1 << 10, 10 << 10) as usize)
}

fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let text = vec![b'x'; MEMBER_BYTES];
    vec![
        ("gzip", bomb(&gzip(&text))),
        ("gzip", gzip(&gzip(&vec![0; 80 << 20]))),
        ("deflate", zlib(&vec![b'x'; 256 << 20])),
        ("zstd", bomb(&zstd::encode_all(&text[..], 1).unwrap())),
        ("zstd", zstd_of_a_large_window()),
    ]
}

/// The head of a frame that asks for a window of 2 GiB, and then ends.
fn zstd_of_a_large_window() -> Vec<u8> {
    [0x28, 0xb5, 0x2f, 0xfd, 0x00, (31 - 10) << 3, 0x01, 0x00, 0x00].to_vec()
}

#[test]
fn http_bodies_that_inflate_are_refused() {
    let place = Place::new();
    let serving = serve(&place, "");
    for (encoding, body) in bombs() {
        let head = format!("Content-Encoding: {encoding}\r\n");
        let answer = Connection::open(serving.address).unwrap().post_with("/ingest", &head, &body);
        let (status, said) = answer.unwrap();
        let said = String::from_utf8_lossy(&said).into_owned();
        // What only unpacks to another bomb is a record like any other.
        assert!(matches!(status, 400 | 413) || said.contains("\"stored\""), "{encoding}: {status} {said}");
        let attack = format!("HTTP, {encoding} of {} bytes", body.len());
        row(&attack, &format!("{status}"), peak_mb(serving.id()), SERVER_MB);
    }
    serving.send(b"still here\n");
    assert!(serving.stop().iter().all(|l| !l.contains("panicked")));
    assert!(place.everything().ends_with(b"still here\n"));
}

/// Snappy that says that `said` bytes come out: one byte, and copies of 64 bytes of it.
fn snappy(said: usize, copies: usize) -> Vec<u8> {
    let (mut out, mut length) = (Vec::new(), said);
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.extend([length as u8, 0x00, b'x']);
    out.extend([0xfe, 1, 0].repeat(copies));
    out
}

#[test]
fn pushes_in_snappy_that_inflate_are_refused() {
    let place = Place::new();
    let serving = serve(&place, "");
    let copies = 4 << 20;
    for (what, body) in [
        ("256 MiB", snappy(1 + 64 * copies, copies)),
        ("what says 4 GiB", snappy(u32::MAX as usize, 1)),
        ("what says less than comes", snappy(100, copies)),
    ] {
        let head = "Content-Type: application/x-protobuf\r\n";
        let answer = Connection::open(serving.address).unwrap().post_with("/loki/api/v1/push", head, &body);
        let (status, said) = answer.unwrap();
        assert!(matches!(status, 400 | 413), "{what}: {status} {}", String::from_utf8_lossy(&said));
        let attack = format!("Loki, snappy of {} bytes: {what}", body.len());
        row(&attack, &format!("{status}"), peak_mb(serving.id()), SERVER_MB);
    }
    serving.send(b"still here\n");
    assert!(serving.stop().iter().all(|l| !l.contains("panicked")));
}

#[test]
fn files_that_inflate_to_one_line_are_refused() {
    for (encoding, body) in bombs().into_iter().filter(|(e, b)| *e != "deflate" && b.len() > 1000) {
        if !body.starts_with(&[0x1f, 0x8b]) && encoding == "gzip" {
            continue;
        }
        let place = Place::new();
        let file = place.beside("bomb", &body);
        let (output, peak) = measured(place.command(&["ingest", "-q", file.to_str().unwrap()]));
        let nested = encoding == "gzip" && body.len() < 10_000;
        if !nested {
            refused(&output, "line 1 is longer than");
        }
        row(&format!("`ingest`, {encoding} of {} bytes", body.len()), "refused", peak, INGEST_MB);
    }
}
