//! `gastrolog compact` through the binary: alone, beside a server that takes records and answers, and on damage.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::thread;

use serde_json::Value;
use support::{Dice, EVERYTHING, Place, parts};

/// Chunks that are sealed before.
const CHUNKS: usize = 3;

/// Records of each.
const RECORDS: usize = 4000;

const QUESTIONS: [&str; 5] = [
    "level=* | stats count(), sum(ms), p99(ms) by level | sort level",
    "level=error ms>400 | stats count() by bin(1m)",
    "id=k3d | stats count()",
    "/took [0-9]9 ms/ | stats count()",
    "timeout | patterns | fields pattern, count",
];

fn lines(chunk: usize) -> Vec<u8> {
    let (mut dice, mut text) = (Dice(chunk as u64), String::new());
    for i in 0..RECORDS {
        let (minute, second) = (chunk * 10 + i / 600, i / 10 % 60);
        let time = format!("2026-11-10T03:{minute:02}:{second:02}Z");
        let (id, ms) = (dice.below(300), dice.below(500));
        text += &match i % 4 {
            0 => format!("ts={time} level=error id=k{id:x} ms={ms} msg=\"timeout of call {i}\"\n"),
            1 => format!("{{\"ts\":\"{time}\",\"level\":\"info\",\"id\":\"k{id:x}\",\"ms\":{ms}}}\n"),
            2 => format!("{time} call {i} took {ms} ms, then a timeout\n"),
            _ => format!("level=\"in\\tfo\"  id=k{id:x}  ms={ms}.0\r\n"),
        };
    }
    text.into_bytes()
}

/// A store of several sealed chunks, and the bytes that were stored.
fn store() -> (Place, Vec<u8>) {
    let (place, mut all) = (Place::new(), Vec::new());
    for chunk in 0..CHUNKS {
        place.ingest(&lines(chunk));
        place.ok(&["seal"]);
        all.extend(lines(chunk));
    }
    assert_eq!(place.chunks().len(), CHUNKS);
    (place, all)
}

/// Every record with its number and its times.
fn records(place: &Place) -> String {
    place.ok(&[
        "query",
        "--order",
        "write",
        "--oldest-first",
        "--limit",
        "none",
        "--output",
        "json",
        "--utc",
        "*",
    ])
}

fn answers(place: &Place) -> Vec<String> {
    QUESTIONS.iter().map(|question| place.ok(&["query", "--utc", "--output", "json", question])).collect()
}

fn report(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn bytes_of_chunks(place: &Place) -> u64 {
    place.chunks().iter().map(|path| path.metadata().unwrap().len()).sum()
}

#[test]
fn chunks_become_one_that_is_smaller_and_has_the_same_records() {
    let (place, all) = store();
    let (before, asked, bytes_before) = (records(&place), answers(&place), bytes_of_chunks(&place));
    let told = report(&place.ok(&["compact", "--json"]));
    let number = |name: &str| told[name].as_u64().unwrap();
    assert_eq!((number("chunks_before"), number("chunks_after")), (CHUNKS as u64, 1));
    assert_eq!(number("records"), (CHUNKS * RECORDS) as u64);
    // The line ends are not part of the records.
    assert_eq!(number("raw_bytes"), (all.len() - CHUNKS * RECORDS) as u64);
    assert_eq!(
        (number("stored_bytes_before"), number("stored_bytes_after")),
        (bytes_before, bytes_of_chunks(&place))
    );
    assert!(bytes_of_chunks(&place) < bytes_before, "{told}");
    assert_eq!(told["left"], Value::Array(Vec::new()));
    assert_eq!(place.chunks().len(), 1, "only the new chunk is there");
    assert_eq!(place.everything(), all);
    assert_eq!(records(&place), before, "times and numbers of the records are what they were");
    assert_eq!(answers(&place), asked);
    place.ok(&["verify"]);
}

#[test]
fn a_second_time_there_is_nothing_to_do() {
    let (place, all) = store();
    let (code, shown, said) = parts(&place.run(&["compact"]));
    assert_eq!((code, shown.as_str()), (0, ""));
    assert!(said.starts_with("3 chunks of ") && said.contains(" became 1 chunk of "), "{said}");
    let chunks = place.chunks();
    let (code, shown, said) = parts(&place.run(&["compact"]));
    assert_eq!((code, shown.as_str()), (1, ""));
    assert_eq!(said, "nothing to compact: only sealed chunks are, and each once\n");
    assert_eq!(place.chunks(), chunks, "no file was touched");
    // What came later is compacted too, and what was written anew before stays readable.
    place.ingest(&lines(CHUNKS));
    assert_eq!(parts(&place.run(&["compact"])).0, 1, "a chunk that grows is let alone");
    place.ok(&["seal"]);
    let told = report(&place.ok(&["compact", "--json"]));
    assert_eq!(told["left"], Value::Array(Vec::new()));
    assert_eq!(place.everything(), [all, lines(CHUNKS)].concat());
    place.ok(&["verify"]);
}

#[test]
fn a_server_does_it_while_it_takes_records_and_answers() {
    let (place, all) = store();
    let serving = place.serve();
    let asked = answers(&place);
    let late: Vec<Vec<u8>> =
        (0..20).map(|i| format!("late={i} of those that came meanwhile\n").into_bytes()).collect();
    let told = thread::scope(|scope| {
        let compacting = scope.spawn(|| place.ok(&["compact", "--json"]));
        late.iter().for_each(|line| serving.send(line));
        assert_eq!(answers(&place), asked, "asked beside it");
        report(&compacting.join().unwrap())
    });
    assert_eq!((&told["chunks_before"], &told["chunks_after"]), (&Value::from(CHUNKS), &Value::from(1)));
    assert_eq!(answers(&place), asked);
    assert_eq!(place.everything(), [all.clone(), late.concat()].concat());
    serving.stop();
    assert_eq!(place.everything(), [all, late.concat()].concat(), "after a restart");
    place.ok(&["verify"]);
}

#[test]
fn a_damaged_chunk_is_named_and_left_as_it_is() {
    let (place, all) = store();
    let damaged = place.chunks().swap_remove(1);
    let mut bytes = std::fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(&damaged, &bytes).unwrap();
    let name = damaged.file_stem().unwrap().to_str().unwrap().to_owned();
    let (code, shown, said) = parts(&place.run(&["compact"]));
    assert_eq!(code, 2, "{said}");
    assert!(shown.contains(&name), "{shown}");
    assert!(said.contains("1 chunk cannot be read and was left as it is"), "{said}");
    assert_eq!(std::fs::read(&damaged).unwrap(), bytes);
    assert_eq!(parts(&place.run(&["verify"])).0, 2, "the damage is still found");
    // The records of the other chunks are all there, and nothing that was not stored.
    let out = place.run(&[&EVERYTHING[..8], &["--allow-incomplete", "*"]].concat());
    let (left, kept) = (out.stdout, [lines(0), lines(2)].concat());
    assert!(is_in(&kept, &left) && is_in(&left, &all) && left.len() < all.len());
}

/// Whether all lines of `part` are in `whole`, in their order.
fn is_in(part: &[u8], whole: &[u8]) -> bool {
    let mut rest = whole.split(|&b| b == b'\n');
    part.split(|&b| b == b'\n').all(|line| rest.any(|other| other == line))
}

#[test]
fn a_store_without_sealed_chunks_has_nothing_to_compact() {
    let place = Place::new();
    place.ingest(b"one\n");
    let told = place.run(&["compact", "--json"]);
    assert_eq!(told.status.code(), Some(1));
    let told = report(&parts(&told).1);
    assert_eq!((&told["chunks_before"], &told["records"]), (&Value::from(0), &Value::from(0)));
    assert_eq!(place.everything(), b"one\n");
}
