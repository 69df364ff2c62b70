//! Lines and records that are too long, and JSON that is too deep, on each way in.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use super::meter::{measured, peak_mb, refused, row, serve, size};
use crate::support::http::Connection;
use crate::support::{Place, Serving, parts};

const SERVER_MB: u64 = 250;
const INGEST_MB: u64 = 350;

/// How long a record may take from a receiver to an answer.
const ARRIVE: Duration = Duration::from_secs(60);

fn line_bytes() -> u64 {
    size(200 << 20, 1 << 30)
}

/// A file of NULs that takes no room on the disk, and `end` behind them.
#[expect(clippy::disallowed_methods, reason = "a file of the test")]
fn sparse(path: &Path, end: &[u8]) {
    let mut file = File::create(path).unwrap();
    file.set_len(line_bytes()).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(end).unwrap();
}

fn wait_for(place: &Place, query: &str) -> String {
    let began = Instant::now();
    loop {
        let (code, shown, said) = parts(&place.run(&["query", "--output", "json", query]));
        if code == 0 {
            return shown;
        }
        assert!(began.elapsed() < ARRIVE, "{query}: {said}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The address of a receiver, from what the server said when it began.
fn receiver(serving: &Serving, kind: &str) -> String {
    let line = serving.said_first().iter().find_map(|l| l.trim().strip_prefix(kind).map(str::to_owned));
    line.unwrap()
}

#[test]
fn a_line_of_a_gigabyte_in_a_file_is_refused_by_its_number() {
    let place = Place::new();
    let path = place.beside("giant", b"");
    sparse(&path, b"\nnext\n");
    let (output, peak) = measured(place.command(&["ingest", "-q", path.to_str().unwrap()]));
    refused(&output, "line 1 is longer than");
    row(&format!("`ingest`, a line of {} bytes", line_bytes()), "refused", peak, INGEST_MB);
}

#[test]
fn a_line_of_a_gigabyte_is_cut_by_tail() {
    let place = Place::new();
    let path = place.beside("giant.log", b"");
    sparse(&path, b"\nnext line\n");
    let config = format!("[[receivers]]\nkind = \"tail\"\nglobs = [{path:?}]\n");
    let serving = serve(&place, &config);
    wait_for(&place, "\"next line\"");
    let cut = wait_for(&place, "truncated=true");
    assert!(cut.len() < 10 << 20, "{}", cut.len());
    row(
        &format!("tail, a line of {} bytes", line_bytes()),
        "cut, `truncated=true`",
        peak_mb(serving.id()),
        SERVER_MB,
    );
}

#[test]
fn a_line_of_a_gigabyte_is_cut_by_syslog() {
    let place = Place::new();
    let serving = serve(&place, "[[receivers]]\nkind = \"syslog\"\ntcp = \"127.0.0.1:0\"\n");
    let mut stream = TcpStream::connect(receiver(&serving, "syslog tcp://")).unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..line_bytes() >> 20 {
        stream.write_all(&piece).unwrap();
    }
    stream.write_all(b"\n<13>next line\n").unwrap();
    drop(stream);
    wait_for(&place, "\"next line\"");
    wait_for(&place, "truncated=true");
    let attack = format!("syslog over TCP, a line of {} bytes", line_bytes());
    row(&attack, "cut, `truncated=true`", peak_mb(serving.id()), SERVER_MB);
}

#[test]
fn a_body_of_a_gigabyte_is_refused_before_it_comes() {
    let place = Place::new();
    let serving = serve(&place, "");
    let mut stream = TcpStream::connect(serving.address).unwrap();
    let head = format!("POST /ingest HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n", 1u64 << 30);
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    std::io::Read::read_exact(&mut stream, &mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    // Without a length it is read up to the limit.
    let mut stream = TcpStream::connect(serving.address).unwrap();
    stream.write_all(b"POST /ingest HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let mut piece = b"100000\r\n".to_vec();
    piece.extend(vec![b'x'; 1 << 20]);
    piece.extend(b"\r\n");
    // The server may close while this is still sending: that is an answer too.
    let sent = (0..line_bytes() >> 20).take_while(|_| stream.write_all(&piece).is_ok()).count();
    assert!((64..200).contains(&sent) || std::io::Read::read_exact(&mut stream, &mut answer).is_ok());
    serving.send(b"still here\n");
    row("HTTP, a body of 1073741824 bytes in one line", "413", peak_mb(serving.id()), SERVER_MB);
}

#[test]
fn json_a_million_deep_is_stored_as_text() {
    let place = Place::new();
    let deep = 1_000_000;
    let serving = serve(&place, "");
    // A line over HTTP may have 1 MiB.
    let nested = [vec![b'['; deep / 2 - 20], b"deepest".to_vec(), vec![b']'; deep / 2 - 20]].concat();
    let objects = "{\"a\":".repeat(deep / 6);
    for body in [&nested[..], objects.as_bytes()] {
        for kind in ["text/plain", "application/x-ndjson", "application/json", "application/octet-stream"] {
            let head = format!("Content-Type: {kind}\r\n");
            let answer = Connection::open(serving.address).unwrap().post_with("/ingest", &head, body);
            let (status, said) = answer.unwrap();
            let said = String::from_utf8_lossy(&said).into_owned();
            let as_json = kind == "application/json";
            assert!(status == 200 || (as_json && status == 400), "{kind}: {status} {said}");
        }
    }
    assert!(wait_for(&place, "deepest | stats count()").contains('3'));
    let file = place.beside("deep", &[vec![b'['; deep], b"lowest".to_vec(), vec![b']'; deep]].concat());
    place.ok(&["ingest", "-q", file.to_str().unwrap()]);
    wait_for(&place, "lowest");
    place.ok(&["seal"]);
    let all = place.everything();
    assert_eq!(all.split(|&b| b == b'\n').filter(|l| *l == nested).count(), 3);
    row("JSON 1000000 deep", "stored as it is, its words found", peak_mb(serving.id()), SERVER_MB);
}
