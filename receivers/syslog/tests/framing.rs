//! The framing table, each case cut at every byte and read byte by byte.

use gastrolog_receiver_syslog::{Flaw, Framer};
use proptest::prelude::*;

type Got = Vec<(String, Option<Flaw>)>;

fn feed(framer: &mut Framer, bytes: &[u8], got: &mut Got) {
    framer.space().extend_from_slice(bytes);
    while let Some(m) = framer.next() {
        got.push((String::from_utf8_lossy(m.text).into_owned(), m.flaw));
    }
}

fn cut<'a>(max: usize, parts: impl IntoIterator<Item = &'a [u8]>) -> Got {
    let (mut framer, mut got) = (Framer::new(max), Vec::new());
    for part in parts {
        feed(&mut framer, part, &mut got);
    }
    if let Some(m) = framer.finish() {
        got.push((String::from_utf8_lossy(m.text).into_owned(), m.flaw));
    }
    got
}

fn check(max: usize, stream: &str, want: &[(&str, Option<Flaw>)]) {
    let want: Got = want.iter().map(|(text, flaw)| (text.to_string(), *flaw)).collect();
    let bytes = stream.as_bytes();
    for at in 0..=bytes.len() {
        let (a, b) = bytes.split_at(at);
        assert_eq!(cut(max, [a, b]), want, "{stream:?} cut at {at}");
    }
    assert_eq!(cut(max, bytes.chunks(1)), want, "{stream:?} byte by byte");
}

const OK: Option<Flaw> = None;
const LONG: Option<Flaw> = Some(Flaw::Truncated);
const CUT: Option<Flaw> = Some(Flaw::CutOff);

#[test]
fn lines() {
    check(99, "<1>a\n<2>b\n", &[("<1>a", OK), ("<2>b", OK)]);
    check(99, "<1>a\r\n<2>b\0<3>c\r\r\n", &[("<1>a", OK), ("<2>b", OK), ("<3>c\r", OK)]);
    check(99, "\n\r\n\0\n<1>a\n\n", &[("<1>a", OK)]);
    check(
        99,
        "no priority\n2026-11-21 x\n007 y\n",
        &[("no priority", OK), ("2026-11-21 x", OK), ("007 y", OK)],
    );
    check(99, "<1>without an end", &[("<1>without an end", OK)]);
    check(
        99,
        "20261121 a date\n123456789 a number\n",
        &[("20261121 a date", OK), ("123456789 a number", OK)],
    );
}

#[test]
fn counts() {
    check(99, "4 <1>a4 <2>b", &[("<1>a", OK), ("<2>b", OK)]);
    check(99, "7 <1>a\nbc6 <2>b\r\n", &[("<1>a\nbc", OK), ("<2>b", OK)]);
    check(99, "4 <1>a\n<2>b\n4 <3>c\n\n", &[("<1>a", OK), ("<2>b", OK), ("<3>c", OK)]);
    check(99, "10 <1>cut", &[("<1>cut", CUT)]);
    check(99, "12", &[("12", OK)]);
}

#[test]
fn too_long() {
    check(6, "<1>abc\n<1>abcd\n<2>x\n", &[("<1>abc", OK), ("<1>abc", LONG), ("<2>x", OK)]);
    check(6, "<1>abc\r\n<1>abc\r\r\n", &[("<1>abc", OK), ("<1>abc", LONG)]);
    check(6, "<1>abcdefghijklm", &[("<1>abc", LONG)]);
    check(6, "10 <1>abcdefg4 <2>b6 <3>abc", &[("<1>abc", LONG), ("<2>b", OK), ("<3>abc", OK)]);
    check(6, "20 <1>abcdef", &[("<1>abc", LONG)]);
}

proptest! {
    #[test]
    fn what_is_framed_comes_back_however_it_is_split(
        texts in prop::collection::vec(("[a-z <>0-9]{0,30}", 0..4u8), 0..20),
        sizes in prop::collection::vec(1..40usize, 1..20),
    ) {
        let (mut stream, mut want) = (Vec::new(), Got::new());
        for (text, framing) in &texts {
            let text = format!("<13>{text}");
            match framing {
                0 => stream.extend(format!("{text}\n").bytes()),
                1 => stream.extend(format!("{text}\0").bytes()),
                2 => stream.extend(format!("{text}\r\n").bytes()),
                _ => stream.extend(format!("{} {text}", text.len()).bytes()),
            }
            want.push((text, None));
        }
        let (mut parts, mut rest, mut sizes) = (Vec::new(), &stream[..], sizes.iter().cycle());
        while !rest.is_empty() {
            let (part, after) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            parts.push(part);
            rest = after;
        }
        prop_assert_eq!(cut(64, parts), want);
    }

    #[test]
    fn hostile_bytes_neither_panic_nor_grow_the_buffer(
        bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b' '), b'0'..=b'9', any::<u8>()], 0..2000),
    ) {
        let (mut framer, mut got) = (Framer::new(50), Vec::new());
        for part in bytes.chunks(7) {
            feed(&mut framer, part, &mut got);
            prop_assert!(framer.space().len() <= 50 + 10 + 7);
        }
        prop_assert!(got.iter().all(|(text, _)| !text.is_empty()));
    }
}
