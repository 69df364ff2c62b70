//! Clocks that are wrong: everything is accepted, and the order of records does not change.
#![expect(clippy::unwrap_used, reason = "tests")]

use gastrolog_engine::{Answer, Engine, Order, QueryRequest, StoreConfig};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::{ask, memory_engine};

const SECOND: i64 = 1_000_000_000;
const YEAR: i64 = 365 * 86_400 * SECOND;
/// 2026-11-21T08:00:00Z.
const NOW: i64 = 1_795_248_000 * SECOND;

fn add(engine: &Engine, text: &str, ingest: i64) {
    let batch = Batch::from_lines(text.as_bytes().to_vec(), Attributes::default(), Timestamp(ingest));
    engine.append("", batch).unwrap();
}

fn texts(engine: &Engine, query: &str, order: Order) -> Vec<String> {
    let request = QueryRequest { query: query.into(), order, oldest_first: true, ..Default::default() };
    let text = |answer| match answer {
        Answer::Record(found) => String::from_utf8(found.record.text).unwrap(),
        other => panic!("{other:?}"),
    };
    ask(engine, &request).into_iter().map(text).collect()
}

#[test]
fn a_clock_that_jumps_a_year_changes_no_order() {
    // Small row groups: some steps meet in one, others lie in several, and in two chunks.
    let engine = memory_engine(StoreConfig { row_group_bytes: 64, ..StoreConfig::default() });
    let steps = [0, YEAR, YEAR + SECOND, -YEAR, -YEAR + SECOND, SECOND, SECOND, -SECOND, 2 * YEAR, 0];
    let stored: Vec<String> = (0..60).map(|n| format!("n={n} step={}", n % steps.len())).collect();
    for (n, text) in stored.iter().enumerate() {
        add(&engine, text, NOW + steps[n % steps.len()]);
        if n == 31 {
            engine.seal("").unwrap();
        }
    }
    for _ in 0..2 {
        assert_eq!(texts(&engine, "n=*", Order::Write), stored);
        // By arrival: as the clock said, and as stored where it said the same.
        let mut by_arrival: Vec<(i64, usize)> =
            (0..stored.len()).map(|n| (steps[n % steps.len()], n)).collect();
        by_arrival.sort_unstable();
        let by_arrival: Vec<&String> = by_arrival.iter().map(|&(_, n)| &stored[n]).collect();
        assert_eq!(texts(&engine, "n=*", Order::Ingest).iter().collect::<Vec<_>>(), by_arrival);
        engine.seal("").unwrap();
    }
}

#[test]
fn a_clock_that_says_the_new_year_finds_the_old_one_in_syslog() {
    let engine = memory_engine(StoreConfig::default());
    let midnight = 1_798_761_600 * SECOND; // 2027-01-01T00:00:00Z
    add(&engine, "<13>Dec 31 23:59:58 h app: old year, late", midnight + 2 * SECOND);
    add(&engine, "<13>Jan  1 00:00:01 h app: new year, sender ahead", midnight - SECOND);
    add(&engine, "<13>Dec 31 23:59:59 h app: old year", midnight - SECOND);
    add(&engine, "<13>Jan  1 00:00:00 h app: new year", midnight + SECOND);
    let order = ["old year, late", "old year", "new year", "new year, sender ahead"];
    for _ in 0..2 {
        let found = texts(&engine, "app", Order::Source);
        let said: Vec<&str> = found.iter().map(|t| t.split("app: ").nth(1).unwrap()).collect();
        assert_eq!(said, order);
        let in_2026 = texts(&engine, "app start=2026-12-31 end=2027-01-01", Order::Source);
        assert_eq!(in_2026.len(), 2, "{in_2026:?}");
        engine.seal("").unwrap();
    }
}

#[test]
fn the_hour_that_summer_time_repeats_keeps_all_its_records() {
    let engine = memory_engine(StoreConfig::default());
    // Local time without a zone, as RFC 3164 has it, is read as it stands: 02:30 is there twice.
    let arrived = 1_792_892_000 * SECOND; // 2026-10-25
    for (n, time) in
        ["01:59:59", "02:30:00", "02:59:59", "02:00:00", "02:30:00", "03:00:00"].iter().enumerate()
    {
        add(&engine, &format!("<13>Oct 25 {time} h app: n={n}"), arrived + n as i64 * SECOND);
    }
    for _ in 0..2 {
        let numbers: Vec<char> =
            texts(&engine, "app", Order::Source).iter().filter_map(|t| t.chars().last()).collect();
        assert_eq!(numbers, ['0', '3', '1', '4', '2', '5'], "by what they say, ties as stored");
        assert_eq!(texts(&engine, "app", Order::Write).len(), 6);
        engine.seal("").unwrap();
    }
}
