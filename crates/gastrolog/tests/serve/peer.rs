//! Who sent a record to the port of the API is told by the attribute `peer`, whatever protocol it spoke there.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::support::{Place, Serving};

/// Posts `body` as a client of its own; gives the status.
fn post(serving: &Serving, path: &str, kind: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(serving.address).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status).unwrap();
    status.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn the_port_of_the_api_tells_who_sent() {
    let place = Place::new();
    let serving = place.serve();
    let loki = r#"{"streams":[{"stream":{},"values":[["1763712000000000000","by loki"]]}]}"#;
    let otlp = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"by otlp"}}]}]}]}"#;
    let bulk = "{\"create\":{}}\n{\"message\":\"by bulk\"}\n";
    let gelf = r#"{"version":"1.1","host":"h","short_message":"by gelf"}"#;
    let journal = "MESSAGE=by journal\n\n";
    let sent = [
        ("/ingest?attr.peer=forged", "text/plain", "by http", 200),
        ("/loki/api/v1/push", "application/json", loki, 204),
        ("/v1/logs", "application/json", otlp, 200),
        ("/elastic/app/_bulk", "application/x-ndjson", bulk, 200),
        ("/gelf", "application/json", gelf, 202),
        ("/upload", "application/vnd.fdo.journal", journal, 202),
    ];
    for (path, kind, body, status) in sent {
        assert_eq!(post(&serving, path, kind, body), status, "{path}");
    }
    let found = place.ok(&["query", "peer=127.0.0.1", "| stats count() as n, count_distinct(receiver) as r"]);
    let counts: Vec<&str> = found.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(counts, ["6", "6"], "{found}");
    serving.stop();
}
