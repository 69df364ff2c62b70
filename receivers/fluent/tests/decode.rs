//! Msgpack to JSON, and messages of every form: hostile ones, and those that other programs keep for their tests.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use gastrolog_net::inflate::InflateLimits;
use gastrolog_receiver_fluent::{Entries, Entry, Flaw, Message, MessageLimits, Scanned, Scanner, write_json};
use gastrolog_types::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

use common::{array, chunk, record, seconds, shared_data, text};

const LIMITS: MessageLimits =
    MessageLimits { bytes_max: 1 << 20, inflate: InflateLimits { bytes_max: 1 << 20, ratio_max: 100 } };

#[track_caller]
fn check(msgpack: &[u8], want: &str, utf8: bool) {
    let mut out = Vec::new();
    assert_eq!(write_json(msgpack, &mut out), Ok(utf8), "{want}");
    assert_eq!(String::from_utf8(out).unwrap(), want);
    serde_json::from_str::<Value>(want).unwrap();
    assert_eq!(Scanner::default().scan(msgpack), Ok(Scanned::Whole(msgpack.len())));
}

#[test]
fn nothing_is_left_out_of_the_json() {
    check(b"\xc0", "null", true);
    check(b"\x92\xc2\xc3", "[false,true]", true);
    check(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615", true);
    check(b"\xd3\x80\0\0\0\0\0\0\0", "-9223372036854775808", true);
    check(b"\x93\xe0\xd0\x80\xd1\x80\0", "[-32,-128,-32768]", true);
    check(b"\xca\x3d\xcc\xcc\xcd", "0.1", true);
    check(b"\xcb\x7e\x37\xe4\x3c\x88\x00\x75\x9c", "1e300", true);
    check(b"\xcb\x7f\xf8\0\0\0\0\0\0", "\"NaN\"", true);
    check(b"\x92\xca\x7f\x80\0\0\xca\xff\x80\0\0", "[\"Infinity\",\"-Infinity\"]", true);
    check(&"q\"\\\n\t\u{1}ä".as_bytes().str(), r#""q\"\\\n\t\u0001ä""#, true);
    check(b"\xc4\x02ok", "\"ok\"", true);
    check(b"\xa4a\xe4\\b", r#""a\\xe4\\\\b""#, false);
    check(b"\xd4\x05\xff", r#"{"$ext":5,"$hex":"ff"}"#, true);
    check(b"\xd7\0\0\0\0\x07\0\0\0\x09", "7.000000009", true);
    check(
        b"\x84\x01\x02\xa1a\xc0\xa1a\xc3\x92\x01\xa1b\x80",
        r#"{"1":2,"a":null,"a":true,"[1,\"b\"]":{}}"#,
        true,
    );
}

/// Short text as msgpack.
trait Str {
    fn str(&self) -> Vec<u8>;
}

impl Str for [u8] {
    fn str(&self) -> Vec<u8> {
        [&[0xd9, self.len() as u8], self].concat()
    }
}

#[test]
fn deep_and_broken_values_are_errors() {
    assert_eq!(write_json(&[0x91; 10_000], &mut Vec::new()), Err(Flaw::Deep(100)));
    // A map whose key is a map whose key … : each level would double the backslashes of what is in it.
    let keys = [&[0x81; 30][..], &[0xa1, b'k'], &[0xc0; 30]].concat();
    let flaw = Flaw::Unexpected("a key within a key is no text");
    assert_eq!(write_json(&keys, &mut Vec::new()), Err(flaw));
    assert_eq!(write_json(b"\x92\x01", &mut Vec::new()), Err(Flaw::Ends));
    assert_eq!(write_json(b"\xc1", &mut Vec::new()), Err(Flaw::Unused));
    assert_eq!(write_json(b"\xdd\xff\xff\xff\xff\x01", &mut Vec::new()), Err(Flaw::Ends));
    assert_eq!(Scanner::default().scan(b"\xdf\xff\xff\xff\xff"), Ok(Scanned::Part));
}

fn entries(message: &[u8]) -> (Message, Vec<Entry>, Option<Flaw>) {
    let mut message = Message::read(message, &LIMITS).unwrap();
    let (mut found, mut entry) = (Vec::new(), Entry::default());
    let Ok(list) = &mut message.entries else { return (message, found, None) };
    loop {
        match list.next(&mut entry) {
            Ok(true) => found.push(entry.clone()),
            Ok(false) => return (message, found, None),
            Err(flaw) => return (message, found, Some(flaw)),
        }
    }
}

#[test]
fn options_may_be_nil_or_odd() {
    let options = [
        None,
        Some(vec![0xc0]),
        Some(vec![0x80]),
        Some(chunk("id")),
        Some([vec![0x82, 0x01, 0x02], text("chunk"), vec![0xc0]].concat()),
    ];
    for option in options {
        let more: Vec<Vec<u8>> = option.iter().cloned().collect();
        for head in [
            vec![text("t"), seconds(5), record(1)],
            vec![text("t"), array(&[array(&[seconds(5), record(1)])])],
            vec![text("t"), common::bin(&array(&[seconds(5), record(1)]))],
            vec![common::bin(b"t"), array(&[seconds(5), record(1)]).str()],
        ] {
            let (message, found, flaw) = entries(&array(&[head, more.clone()].concat()));
            assert_eq!((&message.tag[..], flaw), (&b"t"[..], None));
            assert_eq!(message.chunk, (option == Some(chunk("id"))).then(|| text("id")));
            assert_eq!((found.len(), &found[0].json[..]), (1, &br#"{"n":1}"#[..]));
            assert_eq!(found[0].time, Timestamp(5_000_000_000));
        }
    }
}

#[test]
fn times_of_every_form() {
    let time = |msgpack: &[u8]| {
        let (_, found, flaw) = entries(&array(&[text("t"), msgpack.to_vec(), record(1)]));
        assert_eq!((found.len(), flaw), (1, None));
        found[0].time.0
    };
    assert_eq!(time(b"\xd7\0\0\0\0\x07\0\0\0\x09"), 7_000_000_009);
    assert_eq!(time(b"\xc7\x08\0\0\0\0\x07\0\0\0\x09"), 7_000_000_009);
    assert_eq!(time(b"\xcb\x3f\xf8\0\0\0\0\0\0"), 1_500_000_000);
    assert_eq!(time(b"\xff"), -1_000_000_000);
    assert_eq!(time(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), Timestamp::NONE.0);
    assert_eq!(time(b"\xcb\x7f\xf8\0\0\0\0\0\0"), Timestamp::NONE.0);
    assert_eq!(time(b"\xc0"), Timestamp::NONE.0);
}

#[test]
fn fluent_bit_may_send_metadata_with_the_time() {
    let with = |metadata: &[u8]| {
        let head = array(&[seconds(5), metadata.to_vec()]);
        let (_, found, flaw) = entries(&array(&[text("t"), array(&[array(&[head, record(1)])])]));
        assert_eq!((found[0].time, flaw), (Timestamp(5_000_000_000), None));
        String::from_utf8(found[0].metadata.clone()).unwrap()
    };
    assert_eq!((with(b"\x80").as_str(), with(b"\x81\xa1a\x01").as_str()), ("", r#"{"a":1}"#));
}

#[test]
fn what_is_no_message_is_an_error_and_a_broken_entry_ends_the_list() {
    for bad in [&b"\x01"[..], b"\x90", b"\x91\xa1t", b"\x92\x01\x02", b"\x92\xa1t\x01", b"\x93\xa1t\xc3\x80"]
    {
        assert!(Message::read(bad, &LIMITS).is_err(), "{bad:?}");
    }
    let packed = [array(&[seconds(1), record(1)]), b"\x92\x01\x81".to_vec()].concat();
    let (message, found, flaw) = entries(&array(&[text("t"), common::bin(&packed), chunk("c")]));
    assert_eq!((found.len(), flaw), (1, Some(Flaw::Ends)));
    assert_eq!(message.entries.unwrap().rest(), b"\x92\x01\x81");
    let odd = [vec![0x81], text("compressed"), text("rot13")].concat();
    let (message, ..) = entries(&array(&[text("t"), common::bin(b"abc"), odd]));
    assert_eq!(message.entries.unwrap_err().1, b"abc");
}

proptest! {
    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = write_json(&bytes, &mut Vec::new());
        let _ = Message::read(&bytes, &LIMITS);
        let _ = Message::read(&[&b"\x92\xa1t"[..], &bytes].concat(), &LIMITS);
        let (mut list, mut entry) = (Entries::packed(bytes.clone()), Entry::default());
        while list.next(&mut entry) == Ok(true) {}
    }

    /// However the bytes of a value come, its end is found where it is.
    #[test]
    fn a_scanner_finds_the_end(cuts in proptest::collection::vec(1usize..20, 1..40), extra: Vec<u8>) {
        let value = array(&[text("t"), array(&[array(&[seconds(5), record(1)]), array(&[seconds(6), record(2)])]), chunk("c")]);
        let bytes = [value.clone(), extra].concat();
        let (mut scanner, mut end) = (Scanner::default(), 0);
        for cut in cuts.into_iter().chain([bytes.len()]) {
            end = (end + cut).min(bytes.len());
            match scanner.scan(&bytes[..end]).unwrap() {
                Scanned::Part => prop_assert!(end < value.len()),
                Scanned::Whole(found) => {
                    prop_assert_eq!(found, value.len());
                    return Ok(());
                }
            }
        }
        prop_assert!(false, "not found");
    }
}

#[test]
fn messages_that_vector_keeps() {
    let Some(folder) = shared_data("fluent-forward") else { return };
    let index = std::fs::read_to_string(folder.join("index.jsonl")).unwrap();
    let mut decoded = 0;
    for line in index.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let bytes = std::fs::read(folder.join(case["file"].as_str().unwrap())).unwrap();
        let want = case["expected"].as_array().unwrap();
        if want.is_empty() {
            assert_eq!(Scanner::default().scan(&bytes), Ok(Scanned::Part), "{case}");
            continue;
        }
        assert_eq!(Scanner::default().scan(&bytes), Ok(Scanned::Whole(bytes.len())), "{case}");
        let (message, found, flaw) = entries(&bytes);
        assert_eq!((&message.tag[..], flaw), (case["tag"].as_str().unwrap().as_bytes(), None));
        assert_eq!(found.len(), want.len());
        for (entry, want) in found.iter().zip(want) {
            let json: Value = serde_json::from_slice(&entry.json).unwrap();
            assert_eq!(json["message"], want["message"]);
            let time = want["timestamp"].as_str().unwrap();
            assert_eq!(Some(entry.time), gastrolog_types::find_time(time.as_bytes(), Timestamp(0)), "{time}");
            decoded += 1;
        }
    }
    assert_eq!(decoded, 14);
}

#[test]
fn values_that_fluent_bit_keeps() {
    let Some(folder) = shared_data("fluent-bit/internal/data") else { return };
    let mut seen = 0;
    for file in std::fs::read_dir(folder.join("pack")).unwrap().map(|e| e.unwrap().path()) {
        if file.extension().is_some_and(|e| e == "mp") {
            let mut json = Vec::new();
            assert_eq!(write_json(&std::fs::read(&file).unwrap(), &mut json), Ok(true));
            let want = std::fs::read(file.with_extension("json")).unwrap();
            let (json, want) =
                (serde_json::from_slice::<Value>(&json), serde_json::from_slice::<Value>(&want));
            assert_eq!(json.unwrap(), want.unwrap(), "{}", file.display());
            seen += 1;
        }
    }
    let samples = folder.join("stream_processor");
    let files =
        (1..=7).map(|i| format!("samples-hw/{i}")).chain(["samples".into(), "samples-subkeys".into()]);
    for file in files {
        let mut list = Entries::packed(std::fs::read(samples.join(format!("{file}.mp"))).unwrap());
        let wanted = std::fs::read_to_string(samples.join(format!("{file}.json"))).unwrap();
        let mut entry = Entry::default();
        for line in wanted.lines().filter(|l| !l.trim().is_empty()) {
            assert_eq!(list.next(&mut entry), Ok(true), "{file}: {line}");
            let got: Value = serde_json::from_slice(&entry.json).unwrap();
            let want: Value = serde_json::from_str(line).unwrap();
            for (name, value) in got.as_object().unwrap() {
                assert_eq!(value, &want[name], "{file}: {line}");
            }
            assert!(entry.time.is_some());
            seen += 1;
        }
        assert_eq!(list.next(&mut entry), Ok(false), "{file}");
    }
    assert!(seen > 20, "{seen}");
}
