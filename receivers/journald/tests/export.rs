//! The parser of the export format, in pieces of any size.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

use gastrolog_receiver_journald::{Export, ExportLimits};
use proptest::prelude::*;

/// Fields, whether it was cut, why it is malformed, raw.
type Seen = (Vec<(Vec<u8>, Vec<u8>)>, bool, Option<&'static str>, Vec<u8>);

fn parse(bytes: &[u8], piece: usize, limits: ExportLimits) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut export = Export::new(limits);
    let mut see = |entry: gastrolog_receiver_journald::Entry<'_>| {
        let pairs = entry.pairs().map(|(n, v)| (n.to_vec(), v.to_vec())).collect();
        seen.push((pairs, entry.truncated, entry.malformed, entry.raw.to_vec()));
    };
    for part in bytes.chunks(piece) {
        export.push(part, &mut see);
    }
    export.finish(&mut see);
    seen
}

fn all(bytes: &[u8]) -> Vec<Seen> {
    parse(bytes, usize::MAX, ExportLimits::default())
}

fn write(fields: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.extend_from_slice(name.as_bytes());
        if value.contains(&b'\n') {
            out.push(b'\n');
            out.extend_from_slice(&(value.len() as u64).to_le_bytes());
        } else {
            out.push(b'=');
        }
        out.extend_from_slice(value);
        out.push(b'\n');
    }
    out.push(b'\n');
    out
}

#[test]
fn text_and_binary_fields() {
    let bytes = b"\n\nA=1\nB=x=y\nM\n\x05\0\0\0\0\0\0\0a\nb\n=\nE=\n\nC=2\n";
    let seen = all(bytes);
    assert_eq!(seen.len(), 2, "the last entry needs no empty line");
    let pairs: Vec<_> = seen[0].0.iter().map(|(n, v)| (&n[..], &v[..])).collect();
    assert_eq!(pairs, [(&b"A"[..], &b"1"[..]), (b"B", b"x=y"), (b"M", b"a\nb\n="), (b"E", b"")]);
    assert!(seen.iter().all(|s| !s.1 && s.2.is_none()));
}

#[test]
fn what_is_no_entry_is_kept_and_the_next_is_found() {
    for (bytes, raw) in [
        (&b"A=1\ngarbage and more garbage\nB=2\n\nC=3\n\n"[..], &b"A=1\ngarbage and more garbage\nB=2\n"[..]),
        (b"M\n\x01\0\0\0\0\0\0\0abc\n\nC=3\n\n", b"M\n\x01\0\0\0\0\0\0\0abc\n"),
        (b"garbage\n\nC=3\nDDDDDDDDDDD=4\n\n", b"garbage\n"),
    ] {
        let seen = all(bytes);
        assert_eq!((seen.len(), &seen[0].3[..]), (2, raw));
        assert!(seen[0].2.is_some() && seen[1].2.is_none());
        assert_eq!(seen[1].0[0], (b"C".to_vec(), b"3".to_vec()));
    }
    for cut in [
        &b"A=1\nB=par"[..],
        b"A=1\nM\n\x05\0\0",
        b"A=1\nM\n\x05\0\0\0\0\0\0\0ab",
        b"A=1\nM\n\x02\0\0\0\0\0\0\0ab",
    ] {
        let seen = all(cut);
        assert_eq!((seen.len(), seen[0].2), (1, Some("the upload ended inside of a field")));
        assert_eq!(seen[0].3, cut);
    }
}

#[test]
fn a_length_beyond_reason_allocates_nothing() {
    let seen = all(b"M\n\xff\xff\xff\xff\xff\xff\xff\x7fxx\n\nC=3\n\n");
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].0[0].0, b"C");
}

#[test]
fn limits_cut_and_say_so() {
    let limits = ExportLimits { value_bytes_max: 16, entry_bytes_max: 100, fields_max: 3 };
    let long = vec![b'x'; 1000];
    let with_lf = [&long[..], b"\n"].concat();
    let entry = |fields: &[(&str, &[u8])]| {
        let fields: Vec<_> = fields.iter().map(|(n, v)| ((*n).to_owned(), v.to_vec())).collect();
        [write(&fields), b"NEXT=1\n\n".to_vec()].concat()
    };
    for piece in [1, 7, 5000] {
        let seen = parse(&entry(&[("A", &long), ("B", &with_lf), ("C", b"1")]), piece, limits);
        let lengths: Vec<_> = seen[0].0.iter().map(|(n, v)| (n.len(), v.len())).collect();
        assert_eq!(lengths, [(1, 14), (1, 16), (1, 1)], "a line is cut with its name, a value alone");
        assert!(seen[0].1 && seen[0].2.is_none());
        assert_eq!((&seen[1].0[0].0[..], seen[1].1), (&b"NEXT"[..], false));
        let seen = parse(
            &entry(&[("A", b"1"), ("B", b"2"), ("C", b"3"), ("D", b"4"), ("E", b"5\n")]),
            piece,
            limits,
        );
        assert_eq!((seen[0].0.len(), seen[0].1, seen.len()), (3, true, 2));
        assert!(seen[0].3.len() <= 100);
    }
}

proptest! {
    #[test]
    fn entries_come_back_from_pieces_of_any_size(
        entries in proptest::collection::vec(
            proptest::collection::vec(("[A-Z_]{1,8}", proptest::collection::vec(any::<u8>(), 0..40)), 1..6), 1..5),
        piece in 1usize..50,
    ) {
        let bytes: Vec<u8> = entries.iter().flat_map(|fields| write(fields)).collect();
        let seen = parse(&bytes, piece, ExportLimits::default());
        let fields: Vec<Vec<(Vec<u8>, Vec<u8>)>> = seen.iter().map(|s| s.0.clone()).collect();
        let wanted: Vec<Vec<(Vec<u8>, Vec<u8>)>> = entries
            .iter()
            .map(|fields| fields.iter().map(|(n, v)| (n.clone().into_bytes(), v.clone())).collect())
            .collect();
        prop_assert_eq!(fields, wanted);
        prop_assert!(seen.iter().all(|s| !s.1 && s.2.is_none()));
    }

    #[test]
    fn any_bytes_end_the_same_in_pieces(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'='), Just(0), any::<u8>()], 0..200), piece in 1usize..20) {
        prop_assert_eq!(parse(&bytes, piece, ExportLimits::default()), all(&bytes));
    }
}
