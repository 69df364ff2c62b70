//! Tail sampling: traces in one batch, in several, held, too many, tried again; and the counts of all that.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Accepted, DropReason, Sink, SinkError};
use proptest::prelude::*;

use super::{batch, dropped, lines, process};
use crate::{Process, ProcessConfig, ProcessError, ProcessSink, TailConfig};

/// What should come at once has come by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// Longer than any test.
const LONG: Duration = Duration::from_secs(60);

fn tail(config: TailConfig) -> Arc<Process> {
    process(&ProcessConfig { tail_sample: Some(config), ..ProcessConfig::default() })
}

fn front(store: &Arc<MemorySink>, process: &Arc<Process>) -> Arc<ProcessSink> {
    Arc::new(ProcessSink::new("own", store.clone(), Some(process.clone()), None))
}

fn held(wait: Duration) -> TailConfig {
    TailConfig { wait, ..TailConfig::default() }
}

fn texts(store: &MemorySink) -> Vec<String> {
    store.records().iter().map(|r| String::from_utf8_lossy(&r.text).into_owned()).collect()
}

/// Appends on a thread; the result comes when the batch is acknowledged.
fn append(sink: &Arc<ProcessSink>, texts: &[&str]) -> Receiver<Result<Accepted, SinkError>> {
    let (send, receive) = channel();
    let (sink, batch) = (sink.clone(), lines(texts));
    std::thread::spawn(move || send.send(sink.append(batch)));
    receive
}

/// Until a batch waits.
fn until_held(process: &Process, batches: usize) {
    let began = std::time::Instant::now();
    while process.tail.as_ref().unwrap().batches_held() != batches {
        assert!(began.elapsed() < PATIENCE, "nothing is held");
        std::thread::yield_now();
    }
}

#[test]
fn a_trace_is_kept_or_left_out_as_a_whole_within_a_batch() {
    let (store, config) = (Arc::new(MemorySink::new()), TailConfig::default());
    let keep = TailConfig { keep: Some("ms>500".into()), when: Some("NOT app=audit".into()), ..config };
    let sink = front(&store, &tail(keep));
    let accepted = sink.append(lines(&[
        "trace_id=a ms=1",
        "trace_id=b ms=1",
        "trace_id=c ms=1",
        "level=error trace_id=a ms=2",
        "trace_id=c ms=900",
        "trace_id=b ms=2",
        "no trace",
        "trace_id=\"\" app=web",
        "trace_id=d app=audit",
    ]));
    let kept = ["a ms=1", "c ms=1"].map(|t| format!("trace_id={t}"));
    assert_eq!(texts(&store)[..2], kept);
    assert_eq!(
        texts(&store)[2..],
        [
            "level=error trace_id=a ms=2",
            "trace_id=c ms=900",
            "no trace",
            "trace_id=\"\" app=web",
            "trace_id=d app=audit"
        ]
    );
    let accepted = accepted.unwrap();
    assert_eq!((accepted.count, dropped(&accepted)), (7, vec![(DropReason::Sampled, 2)]));
}

#[test]
fn the_share_is_the_same_everywhere() {
    let kept = || {
        let store = Arc::new(MemorySink::new());
        let sink = front(&store, &tail(TailConfig { rate: 0.25, ..TailConfig::default() }));
        for part in 0..2 {
            let all: Vec<String> = (0..400).map(|n| format!("trace_id=t{n} part={part}")).collect();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            sink.append(lines(&all)).unwrap();
        }
        texts(&store)
    };
    let (one, other) = (kept(), kept());
    assert_eq!(one, other);
    assert!((120..280).contains(&one.len()), "{} of 800", one.len());
    // Both parts of each, or neither.
    let (first, second) = one.split_at(one.len() / 2);
    assert!(first.iter().zip(second).all(|(a, b)| a.replace("part=0", "part=1") == *b));
}

#[test]
fn what_comes_after_an_error_is_kept_in_later_batches() {
    let store = Arc::new(MemorySink::new());
    let sink = front(&store, &tail(TailConfig::default()));
    for text in ["trace_id=a n=1", "trace_id=a n=2 status=503", "trace_id=a n=3", "trace_id=b n=4"] {
        sink.append(lines(&[text])).unwrap();
    }
    assert_eq!(texts(&store), ["trace_id=a n=2 status=503", "trace_id=a n=3"]);
}

#[test]
fn a_held_trace_is_acknowledged_and_kept_when_an_error_comes_from_elsewhere() {
    let (store, process) = (Arc::new(MemorySink::new()), tail(held(LONG)));
    let sink = front(&store, &process);
    let waits = append(&sink, &["trace_id=a n=1", "trace_id=a n=2"]);
    until_held(&process, 1);
    assert!(matches!(waits.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty)));
    assert!(texts(&store).is_empty(), "it is stored before it is decided on");
    // Known to be kept: it does not wait itself.
    assert_eq!(sink.append(lines(&["trace_id=a n=3 error"])).unwrap().count, 1);
    assert_eq!(waits.recv_timeout(PATIENCE).unwrap().unwrap().count, 2);
    assert_eq!(store.records().len(), 3);
    until_held(&process, 0);
}

#[test]
fn a_sender_that_waits_before_it_sends_the_rest_goes_on() {
    let (store, process) = (Arc::new(MemorySink::new()), tail(held(Duration::from_millis(60))));
    let sink = front(&store, &process);
    let first = append(&sink, &["trace_id=a n=1", "other"]).recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!((first.count, dropped(&first)), (1, vec![(DropReason::Sampled, 1)]));
    // The rest of what was left out is not held again; an error in it is kept, with its batch.
    let rest = sink.append(lines(&["trace_id=a n=2"])).unwrap();
    assert_eq!(rest.count, 0);
    assert_eq!(sink.append(lines(&["trace_id=a n=3", "trace_id=a n=4 fatal"])).unwrap().count, 2);
    assert_eq!(process.sampled_early(), Some(0));
}

#[test]
fn a_stop_decides_at_once_and_holds_nothing_more() {
    let (store, process) = (Arc::new(MemorySink::new()), tail(held(LONG)));
    let sink = front(&store, &process);
    let waiting: Vec<_> = (0..8).map(|n| append(&sink, &[&format!("trace_id=t{n}")])).collect();
    until_held(&process, 8);
    process.drain();
    for waits in waiting {
        let accepted = waits.recv_timeout(PATIENCE).unwrap().unwrap();
        assert_eq!(dropped(&accepted), [(DropReason::Sampled, 1)]);
    }
    let after = append(&sink, &["trace_id=z", "trace_id=y error"]).recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!((after.count, dropped(&after)), (1, vec![(DropReason::Sampled, 1)]));
}

/// The first batch goes when another needs its place.
fn goes_first(config: TailConfig, second: &[&str]) {
    let (store, process) = (Arc::new(MemorySink::new()), tail(config));
    let sink = front(&store, &process);
    let first = append(&sink, &["trace_id=a n=1", "trace_id=a n=2"]);
    until_held(&process, 1);
    let second = append(&sink, second);
    let accepted = first.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!(dropped(&accepted), [(DropReason::Sampled, 2)]);
    assert_eq!(process.sampled_early(), Some(2));
    assert!(matches!(second.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty)), "the second is held");
    process.drain();
    assert!(second.recv_timeout(PATIENCE).unwrap().is_ok());
}

#[test]
fn beyond_its_bounds_the_oldest_is_decided_on_and_counted() {
    goes_first(TailConfig { traces_max: 1, ..held(LONG) }, &["trace_id=b"]);
    goes_first(TailConfig { bytes_max: 200, ..held(LONG) }, &["trace_id=b"]);
    // A batch that is larger than the bound alone is not held at all.
    let (store, process) = (Arc::new(MemorySink::new()), tail(TailConfig { bytes_max: 10, ..held(LONG) }));
    let accepted = append(&front(&store, &process), &["trace_id=a n=1"]).recv_timeout(PATIENCE);
    assert_eq!(dropped(&accepted.unwrap().unwrap()), [(DropReason::Sampled, 1)]);
}

#[test]
fn a_batch_that_need_not_wait_takes_nobodys_place() {
    let (store, process) = (Arc::new(MemorySink::new()), tail(TailConfig { bytes_max: 200, ..held(LONG) }));
    let sink = front(&store, &process);
    let first = append(&sink, &["trace_id=a n=1", "trace_id=a n=2"]);
    until_held(&process, 1);
    assert_eq!(sink.append(lines(&["trace_id=b n=1", "trace_id=b error"])).unwrap().count, 2);
    assert_eq!((process.tail.as_ref().unwrap().batches_held(), process.sampled_early()), (1, Some(0)));
    process.drain();
    assert!(first.recv_timeout(PATIENCE).unwrap().is_ok());
}

#[test]
fn a_batch_that_is_tried_again_meets_the_same_decisions() {
    let (store, process) = (Arc::new(MemorySink::new().fail_next(1)), tail(TailConfig::default()));
    let sink = front(&store, &process);
    let first = lines(&["trace_id=a n=1", "stays"]);
    assert!(matches!(sink.append(first.clone()), Err(SinkError::Unavailable(_))));
    // Now the trace would be kept.
    sink.append(lines(&["trace_id=a error"])).unwrap();
    assert_eq!(sink.append(first).unwrap().count, 1);
    assert_eq!(texts(&store), ["trace_id=a error", "stays"]);
}

#[test]
fn nonsense_is_refused() {
    let bad = |config: TailConfig| {
        let config = ProcessConfig { tail_sample: Some(config), ..ProcessConfig::default() };
        assert!(matches!(
            Process::new(&config, super::pipeline()),
            Err(ProcessError::Config(_) | ProcessError::Condition(..))
        ));
    };
    bad(held(Duration::from_secs(61)));
    bad(TailConfig { rate: 1.5, ..TailConfig::default() });
    bad(TailConfig { traces_max: 0, ..TailConfig::default() });
    bad(TailConfig { keep: Some("(".into()), ..TailConfig::default() });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Several senders at once, with bounds that are met all the time: every batch is acknowledged, every record stored or
    /// counted, an error never left out, nor what is in its batch and trace.
    #[test]
    fn nothing_is_lost_however_batches_meet(
        senders in prop::collection::vec(
            prop::collection::vec(prop::collection::vec((0u8..6, prop::bool::weighted(0.2)), 1..8), 1..5), 1..4),
        wait_ms in prop::sample::select(vec![0u64, 0, 1, 5]),
        traces_max in 1usize..5,
        bytes_max in 50usize..1000,
    ) {
        let store = Arc::new(MemorySink::new());
        let process = tail(TailConfig {
            wait: Duration::from_millis(wait_ms), traces_max, bytes_max, ..TailConfig::default()
        });
        let sink = front(&store, &process);
        let (send, receive) = channel();
        let mut sent = 0u64;
        for (s, batches) in senders.iter().enumerate() {
            sent += batches.iter().map(Vec::len).sum::<usize>() as u64;
            let (sink, send, batches) = (sink.clone(), send.clone(), batches.clone());
            std::thread::spawn(move || {
                for (b, records) in batches.iter().enumerate() {
                    let text = |(n, (trace, error)): (usize, &(u8, bool))| {
                        ("p", format!("trace_id={trace} at={s}.{b}.{n}{}", if *error { " error" } else { "" }))
                    };
                    let texts: Vec<_> = records.iter().enumerate().map(text).collect();
                    if send.send(sink.append(batch(&texts)).unwrap()).is_err() { return; }
                }
            });
        }
        drop(send);
        let (mut stored, mut left_out) = (0, 0);
        loop {
            match receive.recv_timeout(PATIENCE) {
                Ok(accepted) => {
                    stored += accepted.count;
                    left_out += accepted.dropped.total();
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("a batch is never acknowledged"),
            }
        }
        prop_assert_eq!(stored + left_out, sent);
        let there: std::collections::HashSet<String> = texts(&store).into_iter().collect();
        prop_assert_eq!(there.len() as u64, stored, "something is there twice");
        for (s, batches) in senders.iter().enumerate() {
            for (b, records) in batches.iter().enumerate() {
                for (n, (trace, error)) in records.iter().enumerate() {
                    let text = format!("trace_id={trace} at={s}.{b}.{n}{}", if *error { " error" } else { "" });
                    let kept = records.iter().any(|(other, error)| other == trace && *error);
                    prop_assert!(!kept || there.contains(&text), "{} is gone", text);
                }
            }
        }
        prop_assert_eq!(process.tail.as_ref().unwrap().batches_held(), 0);
    }
}
