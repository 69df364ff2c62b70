//! Records that were made can be found, made again and judged.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Receiver, Shutdown};
use gastrolog_receiver_chatterbox::{
    ChatterboxConfig, ChatterboxReceiver, Check, Format, Token, write_record,
};
use gastrolog_types::{Record, Timestamp};
use proptest::prelude::*;

fn record(run: u64, number: u64, format: Format, last: bool) -> String {
    let token = Token { run, number, time: Timestamp(1_795_248_000_123_456_789), format, last };
    let mut text = String::new();
    write_record(&token, &mut text);
    assert_eq!(Token::find(text.as_bytes()), Some(token), "{text}");
    text
}

fn any_format() -> impl Strategy<Value = Format> {
    proptest::sample::select(&Format::ALL[..])
}

proptest! {
    #[test]
    fn every_record_names_itself(run: u64, number: u64, format in any_format(), last: bool) {
        let text = record(run, number, format, last);
        prop_assert_eq!(text.contains('\n'), !format.is_one_line());
        prop_assert_eq!(&text, &record(run, number, format, last));
    }

    #[test]
    fn any_bytes_are_looked_at(bytes: Vec<u8>, cut in 0usize..60) {
        let text = [&bytes[..], &record(1, 2, Format::Kv, true).as_bytes()[cut..]].concat();
        Token::find(&text);
        Token::find(&bytes);
    }

    /// Any order, with repeats and holes: the figures are those of a plain list.
    #[test]
    fn figures_are_those_of_a_list(numbers in proptest::collection::vec(0u64..60, 1..80)) {
        let mut check = Check::default();
        let (mut seen, mut repeated, mut reordered) = (std::collections::BTreeSet::new(), 0, 0);
        for &number in &numbers {
            check.push(record(9, number, Format::Logfmt, number == 59).as_bytes(), Timestamp(1_795_248_000_123_556_789));
            let highest = seen.last().copied();
            if !seen.insert(number) {
                repeated += 1;
            } else if highest.is_some_and(|highest| number < highest) {
                reordered += 1;
            }
        }
        let highest = *seen.last().unwrap();
        let report = check.report();
        let run = &report.runs[0];
        prop_assert_eq!((run.records, run.repeated, run.reordered), (numbers.len() as u64, repeated, reordered));
        prop_assert_eq!((run.distinct, run.lost), (seen.len() as u64, highest + 1 - seen.len() as u64));
        prop_assert_eq!(run.gaps.first().map(|g| g.0), (0..highest).find(|n| !seen.contains(n)));
        prop_assert_eq!((run.delays.max_us, run.delays.p50_us, run.altered), (100, 100, 0));
        prop_assert_eq!(run.end, (highest == 59).then_some(59));
    }
}

#[test]
fn a_change_is_seen_and_a_wrapping_is_not() {
    let mut check = Check::default();
    let text = record(3, 0, Format::Syslog5424, false);
    check.push(format!("prefix {text} suffix").as_bytes(), Timestamp(0));
    check.push(record(3, 1, Format::Java, false).replace("failed", "flailed").as_bytes(), Timestamp(0));
    check.push(b"something else", Timestamp(0));
    let report = check.report();
    assert_eq!((report.runs[0].altered, report.runs[0].lost, report.others), (1, 0, 1));
    assert!(!report.runs[0].is_whole());
}

fn run(
    sink: MemorySink,
    config: ChatterboxConfig,
    records: usize,
) -> (Vec<Record>, gastrolog_ingest::CountersSnapshot) {
    let sink = Arc::new(sink);
    let clock: Clock = Arc::new(|| Timestamp(1_795_248_000_000_000_000));
    let receiver = ChatterboxReceiver::new(config, sink.clone(), clock).unwrap();
    let (counters, shutdown) = (receiver.counters(), Shutdown::new());
    let thread = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || Box::new(receiver).run(shutdown).unwrap()
    });
    let start = Instant::now();
    while sink.len() < records && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    shutdown.start();
    thread.join().unwrap();
    assert!(counters.snapshot().reconciles());
    (sink.records(), counters.snapshot())
}

#[test]
fn a_run_is_whole_though_the_store_was_away() {
    let config = ChatterboxConfig { rate: 50_000, seed: 42, count: Some(2_345), ..Default::default() };
    let (records, counts) = run(MemorySink::new().fail_every(3), config, 2_345);
    assert_eq!((records.len(), counts.stored), (2_345, 2_345));
    let mut check = Check::default();
    for record in &records {
        check.push(&record.text, record.ingest);
    }
    let report = check.report();
    assert!(report.runs[0].is_whole(), "{report:?}");
    assert_eq!((report.runs[0].end, report.runs[0].run, report.others), (Some(2_344), 42, 0));
    let formats: std::collections::HashSet<Format> =
        records.iter().map(|r| Token::find(&r.text).unwrap().format).collect();
    assert_eq!(formats.len(), Format::ALL.len());
}

#[test]
fn what_makes_no_sense_is_refused() {
    for config in [
        ChatterboxConfig { rate: 0, ..Default::default() },
        ChatterboxConfig { formats: Vec::new(), ..Default::default() },
    ] {
        let clock: Clock = Arc::new(|| Timestamp(0));
        assert!(ChatterboxReceiver::new(config, Arc::new(MemorySink::new()), clock).is_err());
    }
}
