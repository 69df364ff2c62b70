//! Bounds of time.

use crate::common::{CONTEXT, query};
use gastrolog_query::{ParseContext, TimeRange, parse};
use gastrolog_types::Timestamp;

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;

fn range(start: Option<i64>, end: Option<i64>) -> TimeRange {
    TimeRange { start: start.map(Timestamp), end: end.map(Timestamp) }
}

fn start(text: &str) -> i64 {
    query(&format!("start={text}")).time.start.unwrap().0
}

#[test]
fn relative_to_now() {
    let now = CONTEXT.now.0;
    assert_eq!(query("last=15m").time, range(Some(now - HOUR / 4), None));
    assert_eq!(query("last=1h30m").time, query("last=1.5h").time);
    for (unit, ns) in [
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", SECOND),
        ("m", 60 * SECOND),
        ("d", 24 * HOUR),
        ("w", 168 * HOUR),
    ] {
        assert_eq!(query(&format!("last=3{unit}")).time.start, Some(Timestamp(now - 3 * ns)));
    }
    assert_eq!(query("start=-2h end=now").time, range(Some(now - 2 * HOUR), Some(now)));
    assert_eq!(query("end=now-30m").time, range(None, Some(now - HOUR / 2)));
    assert_eq!(query("end=+1h").time, range(None, Some(now + HOUR)));
    // Further back than there are timestamps: all of time, but not the value that means "not known".
    assert_eq!(query("start=-15000w").time.start, Some(Timestamp(now - 15_000 * 168 * HOUR)));
    assert_eq!(query("last=14000w start=-15250w").time.start, Some(Timestamp(now - 14_000 * 168 * HOUR)));
}

#[test]
fn absolute() {
    // 2026-03-04T10:20:30Z in each of its spellings; the local time is two hours ahead.
    let now = CONTEXT.now.0;
    for text in [
        "2026-03-04T10:20:30Z",
        "2026-03-04T11:20:30+01:00",
        "2026-03-04T12:20:30",
        "\"2026-03-04 12:20:30\"",
        "1772619630",
        "1772619630000",
        "1772619630000000",
        "1772619630000000000",
    ] {
        assert_eq!(start(text), now, "{text}");
    }
    let midnight = now - (12 * HOUR + 20 * 60 * SECOND + 30 * SECOND);
    assert_eq!(start("2026-03-04"), midnight);
    assert_eq!(start("today"), midnight);
    assert_eq!(start("yesterday"), midnight - 24 * HOUR);
    assert_eq!(start("2026-03-04T12:20"), now - 30 * SECOND);
    assert_eq!(start("0"), 0);
}

#[test]
fn bounds_intersect_and_stand_in_the_top_conjunction() {
    let now = CONTEXT.now.0;
    let expected = range(Some(now - HOUR), Some(now));
    assert_eq!(query("last=2h a last=1h end=now end=+1h").time, expected);
    assert_eq!(query("(last=1h (a end=now))").time, expected);
    assert_eq!(query("last=1h").filter, gastrolog_query::Filter::All);
    assert_eq!(query("\"last\"=1h").time, TimeRange::default());
}

#[test]
fn days_begin_and_end_with_the_clocks_of_the_place() {
    // 2026-03-29T12:00Z: at 02:00 of this day clocks went ahead to 03:00.
    let Some(context) = ParseContext::in_zone(Timestamp(1_774_785_600_000_000_000), "Europe/Berlin") else {
        return; // This machine knows no zones.
    };
    let start = |text: &str| parse(&format!("start={text}"), &context).unwrap().time.start.unwrap();
    for (text, expected) in [
        ("today", "2026-03-28T23:00:00Z"),
        ("yesterday", "2026-03-27T23:00:00Z"),
        ("2026-03-29", "2026-03-28T23:00:00Z"),
        ("2026-03-30", "2026-03-29T22:00:00Z"),
        ("2026-03-29T02:30", "2026-03-29T01:30:00Z"),
        ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),
    ] {
        assert_eq!(start(text), start(expected), "{text}");
    }
}
