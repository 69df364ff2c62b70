//! Columns come back byte for byte, whatever is in them, and hostile bytes are refused.

#![expect(clippy::unwrap_used, reason = "a helper of tests may fail as a test does")]

use gastrolog_format::column::{Texts, Values, decode, encode};
use gastrolog_format::words::WordSet;
use gastrolog_format::{Compressor, column::Encoding};
use gastrolog_types::words::words;
use proptest::prelude::*;

fn round_trip(values: &[Vec<u8>]) -> Encoding {
    let mut text = Vec::new();
    let mut ranges = Vec::new();
    for v in values {
        let start = text.len() as u32;
        text.extend_from_slice(v);
        ranges.push((start, text.len() as u32));
    }
    let mut out = Vec::new();
    let encoded = encode(
        Values { text: &text, ranges: &ranges },
        &mut Compressor::new(3),
        &mut WordSet::new(),
        &mut out,
    );
    let column = decode(&out, values.len()).unwrap();
    let (mut got, mut scratch) = (Vec::new(), Vec::new());
    for (i, v) in values.iter().enumerate() {
        got.clear();
        column.write(i, &mut got);
        assert_eq!(&got, v, "row {i} of {:?}", encoded.encoding);
        assert_eq!(column.value(i, &mut scratch), &v[..]);
    }
    assert_eq!(column.len(), values.len());
    words_are_met(&out, values);
    encoded.encoding
}

/// A column whose values have a word never says that it cannot have it; one that no value has is denied.
fn words_are_met(column: &[u8], values: &[Vec<u8>]) {
    let texts = Texts::read(column, values.len()).unwrap();
    let may_have = |word: &[u8]| {
        let stands_in = |text: &[u8]| text.to_ascii_lowercase().windows(word.len()).any(|part| part == word);
        texts.may_have_word(word, &stands_in)
    };
    for value in values.iter().take(40) {
        for word in words(value) {
            let word = word.to_ascii_lowercase();
            assert!(may_have(&word), "{:?}", String::from_utf8_lossy(&word));
        }
    }
    assert!(!may_have(b"qzjxqzjxqzjx"));
}

fn texts(n: usize, f: impl Fn(usize) -> String) -> Vec<Vec<u8>> {
    (0..n).map(|i| f(i).into_bytes()).collect()
}

#[test]
fn each_encoding_is_chosen_where_it_fits() {
    let mix = |i: usize| (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    assert_eq!(round_trip(&texts(500, |_| "same".into())), Encoding::Constant);
    assert_eq!(round_trip(&texts(500, |i| format!("v{}", i % 7))), Encoding::Dictionary);
    assert_eq!(round_trip(&texts(500, |i| (mix(i) >> 40).to_string())), Encoding::Integer);
    assert_eq!(
        round_trip(&texts(500, |i| if i % 50 == 0 { "-".into() } else { (mix(i) >> 40).to_string() })),
        Encoding::Integer
    );
    assert_eq!(
        round_trip(&texts(500, |i| format!("{:.2}", (mix(i) >> 40) as f64 / 100.0))),
        Encoding::Decimal
    );
    assert_eq!(
        round_trip(&texts(500, |i| format!("2026-01-02T03:{:02}:{:02}.5Z", i / 60, i % 60))),
        Encoding::Time
    );
    assert_eq!(round_trip(&texts(500, |i| format!("{:016x}", mix(i)))), Encoding::Hex);
    assert_eq!(
        round_trip(&texts(500, |i| std::net::Ipv4Addr::from(mix(i) as u32).to_string())),
        Encoding::Ipv4
    );
    assert_eq!(
        round_trip(&texts(500, |i| format!("user {} did {} things", mix(i) % 9999, i))),
        Encoding::Pattern
    );
    assert_eq!(round_trip(&texts(500, |i| "word ".repeat(i % 50) + &"x".repeat(i % 11))), Encoding::Text);
    assert_eq!(round_trip(&texts(70_000, |i| format!("{}", mix(i) % 40_000))), Encoding::Integer);
    let skewed = |i: usize| if i.is_multiple_of(3) { mix(i) % 80_000 } else { mix(i) % 100 };
    assert_eq!(round_trip(&texts(400_000, |i| format!("k{}", skewed(i)))), Encoding::Dictionary);
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-z]{0,3}".prop_map(String::into_bytes),
        "-?[0-9]{1,20}".prop_map(String::into_bytes),
        "[0-9]{1,6}[.][0-9]{0,4}".prop_map(String::into_bytes),
        "[0-9a-f]{16}".prop_map(String::into_bytes),
        "(GET|POST) /[a-z]{2}/[0-9]{1,4}(\\?a=[0-9.]{1,12})?".prop_map(String::into_bytes),
        "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}".prop_map(String::into_bytes),
        "20[0-9]{2}-0[1-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z?".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..20),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_values_come_back(
        base in proptest::collection::vec(value(), 1..12),
        picks in proptest::collection::vec((0usize..12, any::<u8>(), 0u8..40), 1..400),
    ) {
        let values: Vec<Vec<u8>> = picks.iter().map(|&(p, b, odd)| {
            let mut v = base[p % base.len()].clone();
            if odd == 0 { v.push(b); }
            v
        }).collect();
        round_trip(&values);
    }

    #[test]
    fn one_kind_of_value_comes_back(kind in 0usize..6, seeds in proptest::collection::vec(any::<u64>(), 1..300)) {
        let make = |s: u64| match kind {
            0 => (s >> (s % 60)).to_string(),
            1 => format!("{}.{:03}", s % 1000, s >> 54),
            2 => format!("{s:016X}"),
            3 => format!("job {} of {} at 2026-11-{:02}T01:02:03Z", s % 100, s % 3, s % 30 + 1),
            4 => std::net::Ipv4Addr::from(s as u32).to_string(),
            _ => format!("{}-{}", s % 5, "ab".repeat((s % 9) as usize)),
        };
        round_trip(&seeds.iter().map(|&s| make(s).into_bytes()).collect::<Vec<_>>());
    }

    #[test]
    fn hostile_bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0u8..9, rows in 0usize..2000) {
        let mut bytes = bytes;
        if let Some(b) = bytes.first_mut() { *b = kind; }
        let texts = Texts::read(&bytes, rows);
        if let Ok(column) = decode(&bytes, rows) {
            assert!(texts.is_ok(), "what can be decoded has texts: {texts:?}");
            let mut out = Vec::new();
            (0..column.len().min(rows) + 1).for_each(|i| column.write(i, &mut out));
        }
    }

    #[test]
    fn a_changed_byte_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>(), kind in 0usize..4) {
        let values = texts(200, |i| match kind {
            0 => format!("{i}"),
            1 => format!("a {} b {}", i, i * 7),
            2 => format!("w{}", i % 9),
            _ => format!("2026-01-02T03:04:{:02}.{:03}Z", i % 60, i),
        });
        let text: Vec<u8> = values.concat();
        let mut end = 0u32;
        let ranges: Vec<(u32, u32)> = values.iter().map(|v| { let s = end; end += v.len() as u32; (s, end) }).collect();
        let mut out = Vec::new();
        encode(Values { text: &text, ranges: &ranges }, &mut Compressor::new(3), &mut WordSet::new(), &mut out);
        let i = at.index(out.len());
        out[i] = byte;
        if let Ok(column) = decode(&out, values.len()) {
            let mut got = Vec::new();
            (0..values.len()).for_each(|i| column.write(i, &mut got));
        }
    }
}
