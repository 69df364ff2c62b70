//! Grouping, dropping, sampling, limits; and that all counts add up, retries included.

use std::time::{Duration, Instant};

use gastrolog_ingest::multiline::{MultilineConfig, MultilineRule};
use gastrolog_ingest::{Accepted, Counters, store_batch};
use proptest::prelude::*;

use super::*;
use crate::redact::{Action, RedactConfig};
use crate::{Limits, RateConfig, SampleConfig, TailConfig};

fn run(config: &ProcessConfig, batch: Batch) -> (Arc<MemorySink>, Accepted) {
    let store = Arc::new(MemorySink::new());
    let sink = ProcessSink::new("own", store.clone(), Some(process(config)), None);
    let accepted = sink.append(batch).unwrap();
    (store, accepted)
}

#[test]
fn lines_of_a_stream_become_one_record() {
    let multiline = Some(MultilineConfig::new(MultilineRule::Java));
    let config = ProcessConfig { multiline, ..ProcessConfig::default() };
    let records = [("p", "a"), ("q", "x"), ("p", "\tat b"), ("q", "y"), ("q", "\tat z"), ("p", "c")];
    let (store, accepted) = run(&config, batch(&records));
    assert_eq!(store.texts(), ["a\n\tat b", "x", "y\n\tat z", "c"]);
    assert_eq!((accepted.count, dropped(&accepted)), (4, vec![(DropReason::Merged, 2)]));
    assert_eq!(store.records()[0].ingest, Timestamp(0));
}

#[test]
fn what_a_condition_names_is_dropped() {
    let config = ProcessConfig {
        drop: vec!["path=/health*".into(), "peer=q level=debug".into()],
        ..ProcessConfig::default()
    };
    let records = [
        ("p", "path=/healthz status=200"),
        ("p", "level=debug a=b"),
        ("q", "level=debug a=b"),
        ("q", "{\"path\":\"/health\"}"),
    ];
    let (store, accepted) = run(&config, batch(&records));
    assert_eq!(store.texts(), ["level=debug a=b"]);
    assert_eq!(dropped(&accepted), [(DropReason::Filtered, 3)]);
}

#[test]
fn errors_are_kept_whatever_the_share() {
    let sample = vec![SampleConfig { rate: 0.0, keep: Some("vip".into()), ..SampleConfig::default() }];
    let config = ProcessConfig { sample, ..ProcessConfig::default() };
    let kept = [
        "an ERROR here",
        "{\"level\":\"fatal\"}",
        "status=503 x=y",
        "severity=critical",
        "{\"level\":50}",
        "panic: x",
        "{\"severity_number\":17,\"body\":\"x\"}",
        "a vip",
    ];
    let (store, _) = run(&config, lines(&kept));
    assert_eq!(store.texts(), kept);
    let (store, accepted) =
        run(&config, lines(&["level=info a=b", "status=200 a=b", "{\"level\":30}", "errors"]));
    assert!(store.is_empty());
    assert_eq!((accepted.count, dropped(&accepted)), (0, vec![(DropReason::Sampled, 4)]));
}

#[test]
fn a_share_of_traces_is_kept_whole() {
    let sample = vec![SampleConfig { rate: 0.25, by: Some("trace_id".into()), ..SampleConfig::default() }];
    let config = ProcessConfig { sample, ..ProcessConfig::default() };
    let texts: Vec<String> = (0..4000).map(|n| format!("trace_id={} n={n}", n / 4)).collect();
    let (store, accepted) = run(&config, lines(&texts.iter().map(String::as_str).collect::<Vec<_>>()));
    assert!((800..1200).contains(&accepted.count), "{}", accepted.count);
    let mut traces = std::collections::HashMap::<String, usize>::new();
    for text in store.texts() {
        *traces.entry(text.split(' ').next().unwrap().to_owned()).or_default() += 1;
    }
    assert!(traces.values().all(|n| *n == 4));
    // The same again: the same ones.
    let (again, _) = run(&config, lines(&texts.iter().map(String::as_str).collect::<Vec<_>>()));
    assert_eq!(again.texts(), store.texts());
}

#[test]
fn one_loud_source_does_not_cut_another() {
    let rate = RateConfig { per: "peer".into(), records_per_second: 1.0, burst: 2.0 };
    let config = ProcessConfig { rate_limit: Some(rate), ..ProcessConfig::default() };
    let process = process(&config);
    let store = Arc::new(MemorySink::new().fail_next(2));
    let now = Instant::now();
    let sink = ProcessSink::new("own", store.clone(), Some(process.clone()), None).with_clock(move || now);
    let counters = Counters::default();
    let records = [("p", "1"), ("p", "2"), ("q", "3"), ("p", "4"), ("p", "5")];
    counters.received(5);
    // Two attempts fail: they use up nothing and count nothing.
    store_batch(&sink, batch(&records), &counters, &mut |_| true);
    assert_eq!(store.texts(), ["1", "2", "3"]);
    let counts = counters.snapshot();
    assert_eq!((counts.dropped_for(DropReason::RateLimited), counts.reconciles()), (2, true));
    let cuts = process.rate_limit().unwrap().cuts();
    assert_eq!(cuts.iter().map(|c| (&c.source[..], c.records)).collect::<Vec<_>>(), [(&b"p"[..], 2)]);
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    let limits = Limits { record_bytes_max: Some(8), fields_max: Some(2) };
    let config = ProcessConfig { limits, ..ProcessConfig::default() };
    let texts = ["short", "just 8 b", "äöüäöü", "a=1 b=2 c=3 d=4"];
    let (store, _) = run(&config, lines(&texts));
    assert_eq!(store.texts(), ["short", "just 8 b", "äöüä", "a=1 b=2"]);
    let truncated: Vec<Option<Vec<u8>>> = store
        .records()
        .iter()
        .map(|r| r.attributes.iter().find(|(n, _)| *n == "truncated").map(|(_, v)| v.to_vec()))
        .collect();
    assert_eq!(truncated, [None, None, Some(b"bytes".to_vec()), Some(b"fields".to_vec())]);
    let fields = Limits { record_bytes_max: None, fields_max: Some(1) };
    let config = ProcessConfig { limits: fields, ..ProcessConfig::default() };
    let (store, _) = run(&config, lines(&[r#"{"a":"x","b":{"c":1}}"#, r#"{"a":"x"}"#]));
    assert_eq!(store.texts(), [r#"{"a":"x"#, r#"{"a":"x"}"#]);
}

fn any_process() -> impl Strategy<Value = ProcessConfig> {
    let redact =
        RedactConfig { fields: vec!["k".into()], patterns: vec!["ipv4".into()], action: Action::Remove };
    let sample = |rate| SampleConfig { rate, by: Some("k".into()), ..SampleConfig::default() };
    (any::<[bool; 7]>(), 0.0..1.0f64, 1usize..30).prop_map(move |(on, rate, max)| ProcessConfig {
        multiline: on[0].then(|| MultilineConfig::new(MultilineRule::Start("^[a-k]".into()))),
        drop: if on[1] { vec!["drop".into()] } else { Vec::new() },
        sample: if on[2] { vec![sample(rate)] } else { Vec::new() },
        rate_limit: on[3].then(|| RateConfig { per: "peer".into(), records_per_second: 1.0, burst: 3.0 }),
        tail_sample: on[6].then(|| TailConfig { by: "k".into(), rate, ..TailConfig::default() }),
        redact: if on[4] { vec![redact.clone()] } else { Vec::new() },
        limits: if on[5] {
            Limits { record_bytes_max: Some(max), fields_max: Some(max) }
        } else {
            Limits::default()
        },
    })
}

fn any_record() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let text = prop_oneof![
        "k=[0-9]{1,3} v=[a-z]{0,3}".prop_map(String::into_bytes),
        "\\{\"k\":[0-9]{1,3}\\}".prop_map(String::into_bytes),
        Just(b"drop me".to_vec()),
        Just(b"error from 10.0.0.1".to_vec()),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    (0u8..3, text)
}

proptest! {
    /// Whatever is configured and whatever comes, with stores that are away now and then: every record is stored or
    /// dropped for a reason, and a retry changes nothing.
    #[test]
    fn counts_add_up(
        receiver in any_process(), route in any_process(), goes_on in any::<bool>(),
        records in prop::collection::vec(any_record(), 1..30), away in 0u64..4
    ) {
        let peers = ["p", "q", "r"];
        let all: Vec<(&str, &[u8])> = records.iter().map(|(p, t)| (peers[*p as usize], &t[..])).collect();
        let now = Instant::now();
        let ends = [0, away * 2].map(|fail| {
            let world = World::new(["own", "a", "b"].map(|n| (n, MemorySink::new().fail_every(fail))).into());
            let process_of = |c: &ProcessConfig| Some(process(c));
            let rules = [
                RuleConfig { process: process_of(&route), ..rule("k>50", &["a"], goes_on) },
                rule("v=*", &["b"], goes_on),
            ];
            let sink = world.sink(&rules, Rest::Drop, process_of(&receiver)).with_clock(move || now);
            let counters = Counters::default();
            counters.received(records.len() as u64);
            store_batch(&sink, batch(&all), &counters, &mut |_| true);
            let counts = counters.snapshot();
            (counts.reconciles(), counts.stored, counts.dropped, ["own", "a", "b"].map(|n| {
                world.store(n).records().into_iter().map(|r| (r.text, r.attributes)).collect::<Vec<_>>()
            }))
        });
        prop_assert!(ends[0].0);
        prop_assert_eq!(&ends[0], &ends[1]);
    }

    /// What is kept does not depend on what comes beside it, nor on which server decides; a larger share keeps it too.
    #[test]
    fn sampling_is_stable(
        records in prop::collection::vec(any_record(), 1..30), lower in 0.0..1.0f64, more in 0.0..1.0f64
    ) {
        let kept = |rate: f64, some: &[(u8, Vec<u8>)]| {
            let sample = vec![SampleConfig { rate, by: Some("k".into()), ..SampleConfig::default() }];
            let all: Vec<(&str, &[u8])> = some.iter().map(|(_, text)| ("p", &text[..])).collect();
            let (store, accepted) = run(&ProcessConfig { sample, ..ProcessConfig::default() }, batch(&all));
            prop_assert_eq!(accepted.count + accepted.dropped.total(), some.len() as u64);
            Ok(store.records().into_iter().map(|r| r.text).collect::<Vec<_>>())
        };
        let together = kept(lower, &records)?;
        let mut alone = Vec::new();
        for record in &records {
            alone.extend(kept(lower, std::slice::from_ref(record))?);
        }
        prop_assert_eq!(&together, &alone);
        let larger = kept(lower + (1.0 - lower) * more, &records)?;
        prop_assert!(together.iter().all(|text| larger.contains(text)));
    }

    /// A bucket never gives more than the burst and what has come in since.
    #[test]
    fn a_rate_is_never_exceeded(
        waits in prop::collection::vec(0u64..400, 1..200), rate in 1.0..50.0f64, burst in 1.0..20.0f64
    ) {
        let limit = crate::RateLimit::new(RateConfig { per: "p".into(), records_per_second: rate, burst }).unwrap();
        let (mut now, start, mut passed) = (Instant::now(), Instant::now(), 0.0);
        for wait in waits {
            now += Duration::from_millis(wait);
            passed += f64::from(u8::from(limit.admits(b"x", now)));
            prop_assert!(passed <= burst + (now - start).as_secs_f64() * rate + 1e-6);
        }
        prop_assert!(passed >= 1.0);
    }
}
