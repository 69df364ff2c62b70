//! The batcher keeps order, slows senders, and loses nothing while the store fails.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Batcher, BatcherConfig, Counters, DropReason, Incoming};
use gastrolog_types::{Attributes, Timestamp};

fn attributes(peer: usize) -> Attributes {
    Attributes::new([("peer", peer.to_string().into_bytes())])
}

fn record<'a>(text: &'a [u8], attributes: &'a Attributes) -> Incoming<'a> {
    Incoming { text, attributes, ingest: Timestamp(7), source: Timestamp::NONE }
}

#[test]
fn keeps_order_and_attributes_through_faults_with_a_small_queue() {
    let sink = Arc::new(MemorySink::new().fail_every(4).refuse_texts_with(b"#bad"));
    let counters = Arc::new(Counters::default());
    let config = BatcherConfig {
        batch_bytes: 512,
        queue_bytes: 2048,
        delay: Duration::from_millis(2),
        ..Default::default()
    };
    let batcher = Batcher::start("t", sink.clone(), counters.clone(), config).unwrap();
    for i in 0..400usize {
        let text = if i == 150 { "#bad".to_string() } else { format!("record {i}") };
        counters.received(1);
        batcher.push_blocking(&record(text.as_bytes(), &attributes(i % 3)));
    }
    batcher.close();
    let got = sink.records();
    let want: Vec<usize> = (0..400).filter(|i| *i != 150).collect();
    assert_eq!(got.len(), want.len());
    for (got, i) in got.iter().zip(want) {
        assert_eq!(got.text, format!("record {i}").into_bytes());
        assert_eq!(got.attributes, attributes(i % 3));
    }
    let now = counters.snapshot();
    assert!(now.reconciles(), "{now:?}");
    assert_eq!(now.dropped_for(DropReason::Refused), 1);
}

#[test]
fn a_full_queue_says_so_and_a_lone_record_goes_after_the_delay() {
    let sink = Arc::new(MemorySink::new().slow(Duration::from_millis(100)));
    let config = BatcherConfig { queue_bytes: 1000, batch_bytes: 10, ..Default::default() };
    let batcher = Batcher::start("t", sink.clone(), Arc::default(), config).unwrap();
    let none = Attributes::default();
    let taken = (0..100).filter(|_| batcher.try_push(&record(&[b'x'; 100], &none))).count();
    assert!((7..=20).contains(&taken), "{taken} taken into a queue of 7 while one batch is on its way");
    batcher.close();
    assert_eq!(sink.len(), taken);

    let sink = Arc::new(MemorySink::new());
    let batcher = Batcher::start("t", sink.clone(), Arc::default(), BatcherConfig::default()).unwrap();
    assert!(batcher.try_push(&record(b"alone", &none)));
    let start = Instant::now();
    while sink.is_empty() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(sink.texts(), ["alone"]);
    batcher.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn async_senders_wait_for_room() {
    let sink = Arc::new(MemorySink::new().slow(Duration::from_millis(1)));
    let config = BatcherConfig { queue_bytes: 300, batch_bytes: 100, ..Default::default() };
    let batcher = Arc::new(Batcher::start("t", sink.clone(), Arc::default(), config).unwrap());
    let senders: Vec<_> = (0..4)
        .map(|s| {
            let batcher = batcher.clone();
            tokio::spawn(async move {
                let own = attributes(s);
                for i in 0..100 {
                    batcher.push(&record(format!("{s}:{i}").as_bytes(), &own)).await;
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    drop(batcher);
    for s in 0..4 {
        let prefix = format!("{s}:");
        let own: Vec<_> = sink.texts().into_iter().filter(|t| t.starts_with(&prefix)).collect();
        assert_eq!(own, (0..100).map(|i| format!("{s}:{i}")).collect::<Vec<_>>());
    }
}

#[test]
fn what_cannot_be_stored_by_the_end_is_counted() {
    let sink = Arc::new(MemorySink::new().fail_next(u64::MAX));
    let counters = Arc::new(Counters::default());
    let config = BatcherConfig { drain: Duration::from_millis(50), ..Default::default() };
    let batcher = Batcher::start("t", sink.clone(), counters.clone(), config).unwrap();
    counters.received(1);
    assert!(batcher.try_push(&record(b"held", &Attributes::default())));
    batcher.close();
    let now = counters.snapshot();
    assert!(now.reconciles() && now.dropped_for(DropReason::Shutdown) == 1, "{now:?}");
}
