//! Tests of layouts: what is recognised, and that text and ticks turn into each other without loss.

use proptest::prelude::*;

use super::{TimeLayout, TimeReader, find_time};
use crate::Timestamp;

/// Layouts seen in real logs, each by an example and its nanoseconds (seconds and fraction).
const SEEN: &[(&str, i64, i64)] = &[
    ("2026-01-02T03:04:05.123456Z", 1_767_323_045, 123_456_000),
    ("2026-01-02T03:04:05Z", 1_767_323_045, 0),
    ("2026-01-02T03:04:05+02:00", 1_767_315_845, 0),
    ("2026-01-02T03:04:05.5-0030", 1_767_324_845, 500_000_000),
    ("2026-01-02 03:04:05,123", 1_767_323_045, 123_000_000),
    ("2026-01-02 03:04:05.123456789 +0100", 1_767_319_445, 123_456_789),
    ("2026-01-02 03:04:05+00", 1_767_323_045, 0),
    ("2026-01-02T03:04:05-00:00", 1_767_323_045, 0),
    ("2015/10/18 18:01:47.978", 1_445_191_307, 978_000_000),
    ("10/Oct/2025:13:55:36 +0000", 1_760_104_536, 0),
    ("10/Oct/2000:13:55:36 -0700", 971_211_336, 0),
    ("Thu Jun 09 06:07:04 2005", 1_118_297_224, 0),
    ("Thu Jun  9 06:07:04 2005", 1_118_297_224, 0),
    ("Thu Jun 09 06:07:04.123456 2005", 1_118_297_224, 123_456_000),
    ("081109 203615", 1_226_262_975, 0),
    ("17/06/09 20:10:40", 1_497_039_040, 0),
    ("2005-06-03-15.42.50.675872", 1_117_813_370, 675_872_000),
    ("20171223-22:15:29:606", 1_514_067_329, 606_000_000),
    ("20260102T030405Z", 1_767_323_045, 0),
    ("1969-12-31T23:59:59.9Z", -1, 900_000_000),
];

/// A time in March 2026.
const REFERENCE: Timestamp = Timestamp(1_772_600_000_000_000_000);

fn formatted(layout: TimeLayout, ticks: i64) -> String {
    let mut out = Vec::new();
    layout.format(ticks, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn layouts_of_real_logs() {
    for &(text, seconds, nanos) in SEEN {
        let layout = TimeLayout::detect_whole(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
        let ticks = layout.parse(text.as_bytes()).unwrap();
        assert_eq!(formatted(layout, ticks), text);
        assert_eq!(
            layout.timestamp(ticks, Timestamp::NONE),
            Timestamp(seconds * 1_000_000_000 + nanos),
            "{text}"
        );
        assert_eq!(TimeLayout::from_bytes(layout.to_bytes()), Some(layout));
    }
}

#[test]
fn the_year_comes_from_the_reference() {
    let check = |text: &str, expect: &str| {
        let found = find_time(text.as_bytes(), REFERENCE);
        assert_eq!(found, find_time(expect.as_bytes(), Timestamp::NONE), "{text}");
        assert!(found.is_some());
        assert_eq!(find_time(text.as_bytes(), Timestamp::NONE), None);
    };
    check("Mar  1 22:33:20", "2026-03-01T22:33:20Z");
    check("Mar 01 22:33:20", "2026-03-01T22:33:20Z");
    check("Mar  5 01:00:00", "2026-03-05T01:00:00Z");
    check("Mar  5 12:00:00", "2025-03-05T12:00:00Z");
    check("Dec 31 23:59:59", "2025-12-31T23:59:59Z");
    check("Feb 29 00:00:00", "2024-02-29T00:00:00Z");
    check("02-17 16:13:38.811", "2026-02-17T16:13:38.811Z");
}

#[test]
fn numbers_by_their_size() {
    let nanos = |text: &str| find_time(text.as_bytes(), Timestamp::NONE).map(|t| t.0);
    assert_eq!(nanos("1520911860"), Some(1_520_911_860_000_000_000));
    assert_eq!(nanos("1520911860.123456"), Some(1_520_911_860_123_456_000));
    assert_eq!(nanos("1520911860123"), Some(1_520_911_860_123_000_000));
    assert_eq!(nanos("1520911860123456"), Some(1_520_911_860_123_456_000));
    assert_eq!(nanos("1520911860123456789"), Some(1_520_911_860_123_456_789));
    for text in
        ["", "0520911860", "152091186", "9999999999999999999", "1520911860.", "1520911860.1x", "-152091186"]
    {
        assert_eq!(nanos(text), None, "{text}");
    }
    assert!(nanos("9999999999").is_none_or(|n| n > 0));
}

#[test]
fn a_timestamp_at_the_start_of_a_line() {
    fn bytes(text: &str) -> Option<&str> {
        TimeLayout::detect(text.as_bytes()).map(|(_, bytes)| &text[..bytes])
    }
    assert_eq!(bytes("2015-10-18 18:01:47,978 INFO x"), Some("2015-10-18 18:01:47,978"));
    assert_eq!(bytes("2015-10-18 18:01:47,5,x"), Some("2015-10-18 18:01:47"));
    assert_eq!(bytes("2015-10-18 18:01:47.log"), Some("2015-10-18 18:01:47"));
    assert_eq!(bytes("2015-10-18 18:01:47 -0500 x"), Some("2015-10-18 18:01:47 -0500"));
    assert_eq!(bytes("2015-10-18 18:01:47 -5000 x"), Some("2015-10-18 18:01:47"));
    assert_eq!(bytes("Jun  9 06:06:20 combo x"), Some("Jun  9 06:06:20"));
    assert_eq!(bytes("03-17 16:13:38.811  1702  2395 D"), Some("03-17 16:13:38.811"));
    assert_eq!(bytes("10/Oct/2025:13:55:36 +0000] x"), Some("10/Oct/2025:13:55:36 +0000"));
    assert_eq!(bytes("2015-10-18 18:01:47x"), None);
    assert_eq!(bytes("2015-10-18 18:01:471"), None);
}

#[test]
fn what_is_not_a_date() {
    for text in [
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T23:60:00Z",
        "2026-01-01T23:59:60Z",
        "2026-01-01T23:59:59+24:00",
        "2026-01-01t23:59:59Z",
        "Fri Jun 09 06:07:04 2005",
        "Xhu Jun 09 06:07:04 2005",
        "oct  9 22:33:20",
        "Oct  0 22:33:20",
        "Oct 32 22:33:20",
        "Oct  : 22:33:20",
        "123456 654321",
        "2026-01-01",
        "12:00:00",
        "1/1/2026 12:00:00 PM",
    ] {
        assert_eq!(TimeLayout::detect_whole(text.as_bytes()), None, "{text}");
    }
}

fn layouts() -> impl Strategy<Value = TimeLayout> {
    let mark = prop_oneof![Just(b'.'), Just(b','), Just(b':')];
    (0u8..14, mark, 0u8..=9, 0u8..=4, 0u8..4, 0u16..1440).prop_filter_map(
        "",
        |(form, mark, digits, style, flags, minutes)| {
            let mark = if digits == 0 { 0 } else { mark };
            let style = if (4..14).contains(&form) && form != 4 { 0 } else { style };
            let (flags, minutes) = match style {
                0 | 1 => (0, 0),
                4 => (flags & 2, minutes / 60 * 60),
                _ => (flags, minutes),
            };
            let [low, high] = minutes.to_le_bytes();
            TimeLayout::from_bytes([form, mark, digits, style, flags, low, high, 0])
        },
    )
}

/// Ticks that the layout can write, from a random number.
fn ticks_in_range(layout: TimeLayout, random: u64) -> i64 {
    let seconds =
        |text: &str| TimeLayout::detect_whole(text.as_bytes()).unwrap().parse(text.as_bytes()).unwrap();
    let (first, last) = match layout.to_bytes()[0] {
        5 | 6 | 11 => (seconds("1972-01-01T00:00:00Z"), seconds("1972-12-31T23:59:59Z")),
        9 | 10 => (seconds("1970-01-01T00:00:00Z"), seconds("2069-12-31T23:59:59Z")),
        _ if layout.digits() > 7 => (seconds("1700-01-01T00:00:00Z"), seconds("2250-12-31T23:59:59Z")),
        _ => (seconds("0000-01-02T00:00:00Z"), seconds("9999-12-30T00:00:00Z")),
    };
    let power = 10i128.pow(u32::from(layout.digits()));
    let count = i128::from(last - first + 1) * power;
    (i128::from(first) * power + i128::from(random) * 7919 % count) as i64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ticks_come_back_from_their_text(layout in layouts(), random: u64) {
        let ticks = ticks_in_range(layout, random);
        let text = formatted(layout, ticks);
        prop_assert_eq!(text.len(), layout.text_bytes());
        prop_assert_eq!(layout.parse(text.as_bytes()), Some(ticks), "{}", text);
        prop_assert_eq!(TimeLayout::from_bytes(layout.to_bytes()), Some(layout));
        layout.timestamp(ticks, REFERENCE);
    }

    #[test]
    fn changed_text_is_refused_or_comes_back(layout in layouts(), random: u64, at: usize, byte in any::<u8>()) {
        let mut text = formatted(layout, ticks_in_range(layout, random)).into_bytes();
        let at = at % text.len();
        text[at] = if random % 2 == 0 { b"0123456789 :.-+/TZ"[byte as usize % 18] } else { byte };
        if let Some(ticks) = layout.parse(&text) {
            prop_assert_eq!(formatted(layout, ticks).into_bytes(), text.clone());
        }
        if let Some((found, bytes)) = TimeLayout::detect(&text) {
            let ticks = found.parse(&text[..bytes]).unwrap();
            let again = formatted(found, ticks);
            prop_assert_eq!(again.as_bytes(), &text[..bytes]);
        }
        find_time(&text, REFERENCE);
    }

    #[test]
    fn a_remembered_layout_changes_nothing(layout in layouts(), randoms: [u64; 4], at: usize, byte in any::<u8>()) {
        let mut reader = TimeReader::default();
        for random in randoms {
            let mut text = formatted(layout, ticks_in_range(layout, random)).into_bytes();
            let at = at % text.len();
            match random % 4 {
                0 => text[at] = b"0123456789 :.-+/TZ"[byte as usize % 18],
                1 => text.truncate(at),
                _ => {}
            }
            prop_assert_eq!(reader.read(&text, REFERENCE), find_time(&text, REFERENCE), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn nothing_panics(bytes: [u8; 8], ticks: i64, reference: i64, text in proptest::collection::vec(any::<u8>(), 0..40)) {
        find_time(&text, Timestamp(reference));
        TimeLayout::detect(&text);
        for form in 0..14 {
            let small = [form, [b'.', 0][usize::from(bytes[1] % 2)], bytes[2] % 10, bytes[3] % 5, bytes[4] % 4, bytes[5], bytes[6] % 6, 0];
            for layout in [bytes, small].into_iter().filter_map(TimeLayout::from_bytes) {
                layout.parse(&text);
                layout.timestamp(ticks, Timestamp(reference));
                let mut out = Vec::new();
                layout.format(ticks, &mut out);
                prop_assert!(!out.is_empty());
                prop_assert_eq!(layout.to_bytes(), if layout.to_bytes() == bytes { bytes } else { small });
            }
        }
    }
}
