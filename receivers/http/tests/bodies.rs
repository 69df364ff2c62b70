//! What each kind of body becomes, over real sockets.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod common;

use std::io::Write;

use common::start;
use gastrolog_ingest::testing::MemorySink;
use gastrolog_receiver_http::HttpConfig;
use serde_json::json;

const TEXT: &str = "Content-Type: text/plain; charset=utf-8";
const JSON: &str = "Content-Type: application/json";
const NDJSON: &str = "Content-Type: application/x-ndjson";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn check(content_type: &str, body: &str, want: &[&str]) {
    let running = start(MemorySink::new(), HttpConfig::default());
    let reply = running.post("/ingest", &[content_type], body.as_bytes());
    let first = if want.is_empty() { json!(null) } else { json!(0) };
    assert_eq!(reply.status, 200, "{body:?}: {}", reply.json);
    assert_eq!(reply.json, json!({"stored": want.len(), "first_seq": first, "refused": []}), "{body:?}");
    assert!(reply.head.contains("content-type: application/json"), "{}", reply.head);
    assert_eq!(running.sink.texts(), want, "{body:?}");
    running.stop();
}

#[test]
fn lines_stay_as_they_are() {
    check(TEXT, "a\n\n b \r\n[1,2]\nlast", &["a", "", " b \r", "[1,2]", "last"]);
    check(TEXT, "", &[]);
    check(
        NDJSON,
        "{\"a\": 1.0}\n\n{\"b\":\"\\u0041\"}\r\nnot json\n[1,2]\n",
        &["{\"a\": 1.0}", "{\"b\":\"\\u0041\"}\r", "not json", "[1,2]"],
    );
    check(JSON, "{\"a\":1}\n{\"b\":2}\n", &["{\"a\":1}", "{\"b\":2}"]);
    check(JSON, " {\n  \"a\": 1\n}\n", &["{\n  \"a\": 1\n}"]);
    check(FORM, "[2026-11-21] a line\n[x] another\n", &["[2026-11-21] a line", "[x] another"]);
    check("X-None: 1", "x=1&y=2\n", &["x=1&y=2"]);
}

#[test]
fn an_array_is_taken_apart_byte_for_byte() {
    let body = " [ {\"a\" : 1.0 },\n\"text, [\", {\"b\":\n[1, 2]} , null]\n";
    let want = ["{\"a\" : 1.0 }", "\"text, [\"", "{\"b\":\n[1, 2]}", "null"];
    check(JSON, body, &want);
    check(FORM, body, &want);
    check(JSON, "[]", &[]);
    let running = start(MemorySink::new(), HttpConfig::default());
    for broken in ["[1,2", "[1] [2]", "[1,,2]", "[\"\u{1}\"]"] {
        let reply = running.post("/ingest", &[JSON], broken.as_bytes());
        assert_eq!(reply.status, 400, "{broken}");
        assert!(reply.json["error"].as_str().unwrap().contains("not a JSON array"), "{}", reply.json);
    }
    assert_eq!(running.post("/ingest", &[JSON], b"[\"\xff\"]").status, 400);
    assert_eq!(running.stop().parse_errors, 5);
}

#[test]
fn bytes_that_are_not_utf8_come_through() {
    let running = start(MemorySink::new(), HttpConfig::default());
    assert_eq!(running.post("/ingest", &[TEXT], b"\xff\x00\xfe\nb").status, 200);
    assert_eq!(running.sink.records()[0].text, b"\xff\x00\xfe");
    running.stop();
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(data).unwrap();
    out.finish().unwrap()
}

#[test]
fn encodings_are_undone() {
    let text = "line one\nline two\n".repeat(1000);
    let zlib = {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    let raw_deflate = &zlib[2..zlib.len() - 4];
    let zstd = zstd::encode_all(text.as_bytes(), 3).unwrap();
    let two_members = [gzip(&text.as_bytes()[..9000]), gzip(&text.as_bytes()[9000..])].concat();
    let cases: [(&str, &[u8]); 6] = [
        ("gzip", &gzip(text.as_bytes())),
        ("GZIP", &two_members),
        ("deflate", &zlib),
        ("deflate", raw_deflate),
        ("zstd", &zstd),
        ("identity", text.as_bytes()),
    ];
    let running = start(MemorySink::new(), HttpConfig::default());
    for (i, (encoding, body)) in cases.iter().enumerate() {
        let reply = running.post("/ingest", &[TEXT, &format!("Content-Encoding: {encoding}")], body);
        assert_eq!((reply.status, &reply.json["stored"]), (200, &json!(2000)), "{encoding}: {}", reply.json);
        assert_eq!(reply.json["first_seq"], json!(i * 2000));
    }
    for (encoding, body) in [("gzip", &b"not gzip"[..]), ("zstd", &zstd[..20]), ("gzip", &two_members[..40])]
    {
        let reply = running.post("/ingest", &[TEXT, &format!("Content-Encoding: {encoding}")], body);
        assert_eq!(reply.status, 400, "{encoding}");
    }
    for unknown in ["br", "gzip, gzip"] {
        assert_eq!(running.post("/ingest", &[&format!("Content-Encoding: {unknown}")], b"x").status, 415);
    }
    assert_eq!(running.stop().stored, 12_000);
}

/// A log of several gzip members, as Vector keeps one: all of them are read.
#[test]
fn members_of_vector() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/vector-misc/multipart-gzip.log.gz");
    if !std::path::Path::new(path).exists() {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{path} is not there");
        eprintln!("skipped: {path} is not there");
        return;
    }
    let members = std::fs::read(path).unwrap();
    let inflated = std::process::Command::new("gzip").args(["-dc", path]).output().unwrap();
    let text = String::from_utf8(inflated.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(inflated.status.success() && lines.len() > 1);
    let running = start(MemorySink::new(), HttpConfig::default());
    let reply = running.post("/ingest", &[TEXT, "Content-Encoding: gzip"], &members);
    assert_eq!((reply.status, &reply.json["stored"]), (200, &json!(lines.len())), "{}", reply.json);
    assert_eq!(running.sink.texts(), lines);
    running.stop();
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let config = HttpConfig { body_bytes_max: 8 << 20, ..HttpConfig::default() };
    let running = start(MemorySink::new(), config);
    let zeros = vec![b'0'; 32 << 20];
    // A short body that inflates over the ratio, and one that would pass by ratio but not by size.
    let mut x = 0x9E37_79B9_7F4A_7C15u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x as u8
    })
    .take(200_000)
    .collect();
    let large = [noise, zeros.clone()].concat();
    let zstd = |data: &[u8]| zstd::encode_all(data, 3).unwrap();
    for (encoding, body, reason) in [
        ("gzip", gzip(&zeros[..4 << 20]), "times its size"),
        ("zstd", zstd(&zeros), "times its size"),
        ("gzip", gzip(&large), "bytes; send it in parts"),
        ("zstd", zstd(&large), "bytes; send it in parts"),
    ] {
        let reply = running.post("/ingest", &[&format!("Content-Encoding: {encoding}")], &body);
        assert_eq!(reply.status, 413, "{encoding} {}", body.len());
        assert!(reply.json["error"].as_str().unwrap().contains(reason), "{encoding}: {}", reply.json);
    }
    assert!(running.sink.is_empty());
    running.stop();
}

#[test]
fn a_body_without_a_length_is_read() {
    let running = start(MemorySink::new(), HttpConfig::default());
    let chunks = b"4\r\na\nbc\r\n3\r\n\nd\n\r\n0\r\n\r\n";
    let reply = running.send("/ingest", &["Transfer-Encoding: chunked"], chunks);
    assert_eq!(reply.status, 200);
    assert_eq!(running.sink.texts(), ["a", "bc", "d"]);
    running.stop();
}
