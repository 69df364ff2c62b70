//! What others frame, capture and decode as syslog: go-syslog's cases of framing, those of Heroku's drains, and datagrams
//! of real senders as tcpdump took them off the wire.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::net::UdpSocket;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Receiver, Shutdown};
use gastrolog_receiver_syslog::{Flaw, Framer, SyslogConfig, SyslogReceiver};
use gastrolog_types::Timestamp;
use serde_json::Value;

/// A file of the public samples beside the project.
fn shared(name: &str) -> Option<PathBuf> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    if !std::path::Path::new(path).exists() {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "{path} is not there");
        eprintln!("skipped: {path} is not there");
        return None;
    }
    Some(PathBuf::from(path).join(name))
}

fn cases(name: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(shared(name)?).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// What a connection that carries `input` and ends is cut into, byte by byte as it comes.
fn framed(input: &str) -> Vec<(String, Option<Flaw>)> {
    let (mut framer, mut out) = (Framer::new(1 << 20), Vec::new());
    for byte in input.bytes() {
        framer.space().push(byte);
        while let Some(m) = framer.next() {
            out.push((String::from_utf8(m.text.to_vec()).unwrap(), m.flaw));
        }
    }
    let last = framer.finish().map(|m| (String::from_utf8(m.text.to_vec()).unwrap(), m.flaw));
    out.extend(last);
    out
}

/// How many messages, good and bad, the other parser found; and how many of them before the first bad one.
fn found(results: &Value) -> (usize, usize) {
    let results = results.as_array().unwrap();
    let good = results.iter().take_while(|result| result["Error"].is_null()).count();
    (results.len(), good)
}

/// The messages of a stream of counted ones, as far as it is one.
fn by_count(mut input: &str) -> Vec<&str> {
    let mut out = Vec::new();
    while let Some((count, rest)) = input.split_once(' ') {
        let Some(message) = count.parse().ok().and_then(|count| rest.get(..count)) else { break };
        out.push(message);
        input = &rest[message.len()..];
    }
    out
}

/// What a sender meant to say is in the frames, in order, and nothing else is.
fn assert_kept(input: &str, frames: &[(String, Option<Flaw>)]) {
    let mut rest = input;
    for (text, _) in frames {
        let at = rest.find(text.as_str()).unwrap_or_else(|| panic!("{text:?} is not in {rest:?}"));
        let between = &rest[..at];
        assert!(between.chars().all(|c| c.is_ascii_digit() || " \n\0".contains(c)), "{between:?} is lost");
        rest = &rest[at + text.len()..];
    }
    assert!(rest.trim_matches(['\n', '\0']).is_empty(), "{rest:?} is lost");
}

#[test]
fn counted_messages_of_go_syslog() {
    let Some(cases) = cases("syslog-goldens/go-syslog/octetcounting__parser.jsonl") else { return };
    let mut compared = 0;
    // The others are made by calls of Go.
    for (case, input) in cases.iter().filter_map(|case| Some((case, case["input"].as_str()?))) {
        let (frames, (all, good)) = (framed(input), found(&case["results"]));
        assert_kept(input, &frames);
        if case["descr"] == "MSGLEN gt max message length" {
            // Refused there, by an option of that case alone.
            continue;
        }
        let texts: Vec<&str> = frames.iter().map(|(text, _)| text.as_str()).collect();
        let wanted = by_count(input);
        assert!(texts.starts_with(&wanted[..good]), "{case}: {texts:?}");
        assert!(frames[..good].iter().all(|(_, flaw)| flaw.is_none()), "{case}: {frames:?}");
        assert!(good < all || frames.len() == good, "{case}: {frames:?}");
        compared += 1;
    }
    assert!(compared >= 10, "{compared}");
}

#[test]
fn lines_of_go_syslog() {
    let Some(cases) = cases("syslog-goldens/go-syslog/nontransparent__parser.jsonl") else { return };
    assert!(cases.len() >= 5);
    for case in &cases {
        for end in ["\n", "\0"] {
            let input = case["case"][1].as_str().unwrap().replace("%[1]s", end);
            let (frames, (all, _)) = (framed(&input), found(&case["case"][3]));
            let wanted: Vec<&str> = input.split_terminator(end).collect();
            assert_eq!(wanted.len(), all, "{case}");
            assert_eq!(frames.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), wanted, "{case}");
        }
    }
}

#[test]
fn drains_of_heroku() {
    let Some(cases) = cases("vector-misc/heroku-logplex.jsonl") else { return };
    for case in &cases {
        let input = case["input"].as_str().unwrap();
        let frames = framed(input);
        assert_kept(input, &frames);
        let [(text, flaw)] = &frames[..] else { panic!("{case}: {frames:?}") };
        match input.split_once(' ').and_then(|(count, rest)| Some((count.parse::<usize>().ok()?, rest))) {
            Some((count, rest)) => {
                assert_eq!((text.as_str(), *flaw), (rest, (rest.len() < count).then_some(Flaw::CutOff)));
            }
            None => assert_eq!((text.as_str(), *flaw), (input, None)),
        }
    }
    assert_eq!(cases.len(), 4);
}

/// The payloads of the UDP datagrams of a capture: Ethernet, IPv4.
fn datagrams(capture: &[u8]) -> Vec<&[u8]> {
    let number = |at: usize| u32::from_le_bytes(capture[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(number(0), 0xa1b2_c3d4, "not a capture in little-endian");
    let (mut at, mut out) = (24, Vec::new());
    while at < capture.len() {
        let bytes = number(at + 8);
        let ip = &capture[at + 16..][..bytes][14..];
        let header = usize::from(ip[0] & 0xf) * 4;
        assert_eq!(ip[9], 17, "not UDP");
        let length = usize::from(u16::from_be_bytes([ip[header + 4], ip[header + 5]]));
        out.push(&ip[header + 8..header + length]);
        at += 16 + bytes;
    }
    out
}

/// What tcpdump says of them: the priority and the text, where it writes NUL as `^@`.
fn decoded(said: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    let mut priority = 0;
    for line in said.lines().map(str::trim) {
        if let Some(of) = line.strip_prefix("Facility ") {
            let numbers: Vec<usize> = of.split(['(', ')']).filter_map(|part| part.parse().ok()).collect();
            priority = 8 * numbers[0] + numbers[1];
        } else if let Some(text) = line.strip_prefix("Msg: ") {
            out.push((priority, text.replace("^@", "")));
        }
    }
    out
}

#[test]
fn datagrams_that_tcpdump_took_off_the_wire() {
    let Some(folder) = shared("pcap") else { return };
    let capture = std::fs::read(folder.join("syslog_udp.pcap")).unwrap();
    let wanted = decoded(&std::fs::read_to_string(folder.join("syslog-v.out")).unwrap());
    let datagrams = datagrams(&capture);
    assert!(wanted.len() >= 4);
    assert_eq!(datagrams.len(), wanted.len());

    let udp = Some("127.0.0.1:0".parse().unwrap());
    let config = SyslogConfig { name: "net".into(), udp, ..Default::default() };
    let sink = Arc::new(MemorySink::new());
    let clock: Clock = Arc::new(|| Timestamp(42));
    let receiver = SyslogReceiver::bind(config, sink.clone(), clock).unwrap();
    let (to, counters, shutdown) = (receiver.udp_addr().unwrap(), receiver.counters(), Shutdown::new());
    let thread = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || Box::new(receiver).run(shutdown).unwrap()
    });
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in &datagrams {
        sender.send_to(datagram, to).unwrap();
    }
    let start = Instant::now();
    while sink.len() < datagrams.len() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    shutdown.start();
    thread.join().unwrap();
    let texts: Vec<String> = wanted.iter().map(|(priority, text)| format!("<{priority}>{text}")).collect();
    assert_eq!(sink.texts(), texts);
    assert_eq!(counters.snapshot().parse_errors, 0);
}
