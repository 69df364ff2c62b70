//! Samples of what could not be read or stored: a few, never in the way, and each accounted for.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::samples::{Cause, Input, Kept, SampleCounts, SampleLog, Scrub};
use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Accepted, Counters, DropReason, Refused, Roster, Sink, store_batch};
use gastrolog_types::{Attributes, Batch, Timestamp};
use proptest::prelude::*;

fn log(sink: &Arc<MemorySink>, scrub: Option<Arc<dyn Scrub>>) -> Arc<SampleLog> {
    let sink: Arc<dyn Sink> = sink.clone();
    Arc::new(SampleLog::start(sink, Arc::new(|| Timestamp(1)), move |_| scrub.clone()).unwrap())
}

fn counters(log: &SampleLog) -> Counters {
    let counters = Counters::default();
    counters.keep_samples(log.sampler("in", "syslog"));
    counters
}

#[test]
fn a_sample_tells_who_why_and_what() {
    let sink = Arc::new(MemorySink::new());
    let (log, roster) = (log(&sink, None), Roster::default());
    roster.keep_samples(log);
    let counters = Arc::new(Counters::default());
    roster.add("in", "syslog", Vec::new(), counters.clone());
    counters.malformed("192.0.2.7", "no \"<priority>\"", &b"a\xff\n\x01"[..]);
    let attributes = Attributes::new([("file", &b"/var/log/x"[..]), ("parse_error", &b"not JSON"[..])]);
    counters.malformed_record(b"x", &attributes);
    roster.close_samples();
    assert_eq!(
        sink.texts(),
        [
            r#"{"receiver":"in","kind":"syslog","reason":"malformed","peer":"192.0.2.7","error":"no \"<priority>\"","bytes":4,"raw":"a\\xff\n\u0001"}"#,
            r#"{"receiver":"in","kind":"syslog","reason":"malformed","file":"/var/log/x","error":"not JSON","bytes":1,"raw":"x"}"#,
        ]
    );
    assert_eq!(roster.measures()[0].samples, SampleCounts { written: 2, ..SampleCounts::default() });
    assert_eq!(counters.snapshot().parse_errors, 2);
}

#[test]
fn nothing_waits_for_a_slow_log_and_nothing_fails_with_one_that_does() {
    let slow = Arc::new(MemorySink::new().slow(Duration::from_millis(300)).fail_next(u64::MAX));
    let log = log(&slow, None);
    let many: Vec<Counters> = (0..40).map(|_| counters(&log)).collect();
    let big = vec![b'x'; 1 << 20];
    // All of it comes before the log has written anything: its queue is short.
    for counters in &many {
        for _ in 0..1000 {
            counters.malformed("p", "e", &big[..]);
        }
    }
    log.close();
    let sum = |of: fn(SampleCounts) -> u64| many.iter().map(|c| of(c.samples())).sum::<u64>();
    assert_eq!((sum(|s| s.written), sum(|s| s.left_out), sum(|s| s.lost)), (0, 40 * 990, 400));
    assert!(many.iter().all(|c| c.snapshot().parse_errors == 1000));
    assert!(slow.is_empty());
    // It takes no more.
    many[0].sample(Cause::Refused, "p", "e", &b"late"[..]);
    assert_eq!(many[0].samples().lost, 11);
}

#[test]
fn records_that_a_store_refuses_are_shown() {
    let own = Arc::new(MemorySink::new());
    let log = log(&own, None);
    let counters = counters(&log);
    let store = MemorySink::new().refuse_texts_with(b"bad");
    let batch = Batch::from_lines(b"a\nbad one\nc\n".to_vec(), Attributes::default(), Timestamp(1));
    store_batch(&store, batch, &counters, &mut |_| false);
    log.close();
    assert_eq!(counters.snapshot().dropped_for(DropReason::Refused), 1);
    let [text] = &own.texts()[..] else { panic!("{:?}", own.texts()) };
    assert!(text.contains(r#""reason":"refused""#) && text.contains(r#""raw":"bad one""#), "{text}");
}

#[test]
fn what_a_store_behind_a_route_refuses_is_shown() {
    let own = Arc::new(MemorySink::new());
    let log = log(&own, None);
    let counters = counters(&log);
    let record = Kept::of(b"much too odd", &Attributes::new([("peer", &b"192.0.2.9"[..])]));
    let first_refused = Some(Arc::new(Refused { record, reason: "that it cannot".into() }));
    let mut accepted = Accepted { count: 2, first_refused, ..Accepted::default() };
    accepted.dropped.add(DropReason::Refused, 1);
    counters.accepted(&accepted);
    log.close();
    assert_eq!(
        own.texts(),
        [
            r#"{"receiver":"in","kind":"syslog","reason":"refused","peer":"192.0.2.9","error":"a store that a route names: that it cannot","bytes":12,"raw":"much too odd"}"#
        ]
    );
    assert_eq!(counters.last_error().unwrap().1, "a record was dropped: that it cannot");
}

#[test]
fn records_that_were_cut_are_shown() {
    let own = Arc::new(MemorySink::new());
    let log = log(&own, None);
    let counters = counters(&log);
    let set = |pairs: &[(&str, &str)]| Attributes::new(pairs.iter().map(|(n, v)| (*n, v.as_bytes())));
    let (whole, cut) = (set(&[("file", "/a/b")]), set(&[("file", "/a/b"), ("truncated", "true")]));
    let mut batch = Batch::default();
    for (text, set) in [(&b"one"[..], &whole), (b"two", &cut), (b"three", &whole)] {
        batch.push(text, set, Timestamp(1), Timestamp::NONE);
    }
    counters.too_long_records(&batch);
    log.close();
    let [text] = &own.texts()[..] else { panic!("{:?}", own.texts()) };
    assert!(
        text.contains(r#""reason":"too_long","file":"/a/b""#) && text.ends_with(r#""raw":"two"}"#),
        "{text}"
    );
}

/// Takes every `7` out.
struct Sevens;

impl Scrub for Sevens {
    fn raw(&self, raw: &[u8]) -> Result<Vec<u8>, &'static str> {
        Ok(raw.iter().copied().filter(|b| *b != b'7').collect())
    }

    fn words(&self, text: &str) -> String {
        text.replace('7', "")
    }
}

#[test]
fn what_cannot_be_redacted_is_left_out_and_that_is_said() {
    let sink = Arc::new(MemorySink::new());
    let log = log(&sink, Some(Arc::new(Sevens)));
    let counters = counters(&log);
    counters.malformed("10.0.0.7", "seven: 7", &b"a7b"[..]);
    counters.malformed("", "e", Input::from(&b"a7b"[..]).packed(true));
    counters.malformed("", "e", &vec![b'7'; 100 << 10][..]);
    let kept = counters.keep(&vec![b'8'; 50 << 10]);
    counters.malformed("", "e", &kept);
    log.close();
    let texts = sink.texts();
    assert!(texts[0].contains(r#""peer":"10.0.0.","error":"seven: ","bytes":3,"raw":"ab""#), "{}", texts[0]);
    assert!(texts[1].contains(r#""raw_left_out":"compressed"#), "{}", texts[1]);
    assert!(
        texts[2].ends_with(r#""bytes":102400,"raw_left_out":"too long to be redacted"}"#),
        "{}",
        texts[2]
    );
    assert!(texts[3].ends_with(r#"8","raw_cut":true}"#), "{}", texts[3]);
    assert!(texts.iter().all(|text| text.len() < 2000 && !text.contains("7")));
}

proptest! {
    #[test]
    fn a_sample_is_json_of_bounded_length_whatever_came(
        raw in proptest::collection::vec(any::<u8>(), 0..5000),
        error in ".*",
    ) {
        let sink = Arc::new(MemorySink::new());
        let log = log(&sink, None);
        counters(&log).malformed("p", &error, &raw[..]);
        log.close();
        let text = &sink.texts()[0];
        prop_assert!(text.len() < 8 * 1024 + 4096, "{}", text.len());
        prop_assert!(!text.contains('\n'), "a line");
        prop_assert_eq!((text.chars().next(), text.chars().last()), (Some('{'), Some('}')));
        let quotes = text.replace("\\\\", "").replace("\\\"", "").matches('"').count();
        prop_assert_eq!(quotes % 2, 0);
    }
}
