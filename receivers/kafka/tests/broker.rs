//! The receiver against a broker in the same process that can be told to fail.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Counters, CountersSnapshot, Receiver, Shutdown};
use gastrolog_receiver_kafka::{KafkaConfig, KafkaReceiver, Login, Mechanism, TimeFrom};
use gastrolog_types::{Record as Stored, Timestamp};
use krafka::error::ErrorCode;
use krafka::testing::{ApiKey, Control, FakeBroker};
use krafka::{Kafka, Record};
use tokio::runtime::Runtime;

struct Running {
    sink: Arc<MemorySink>,
    counters: Arc<Counters>,
    shutdown: Shutdown,
    thread: JoinHandle<()>,
}

fn start(broker: &FakeBroker, sink: &Arc<MemorySink>, change: impl FnOnce(&mut KafkaConfig)) -> Running {
    let mut config = KafkaConfig {
        name: "k".into(),
        brokers: vec![broker.bootstrap_servers()],
        topics: vec!["app*".into()],
        batch_records_max: 100,
        look_every: Duration::from_millis(200),
        ..Default::default()
    };
    change(&mut config);
    let clock: Clock = Arc::new(|| Timestamp(42));
    let receiver = KafkaReceiver::new(config, sink.clone(), clock).unwrap();
    let (counters, shutdown) = (receiver.counters(), Shutdown::new());
    let thread = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || Box::new(receiver).run(shutdown).unwrap()
    });
    Running { sink: sink.clone(), counters, shutdown, thread }
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(40), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Running {
    fn wait_for(&self, records: usize) {
        wait("records did not come", || self.sink.len() >= records);
    }

    fn stop(self) -> CountersSnapshot {
        self.shutdown.start();
        self.thread.join().unwrap();
        let now = self.counters.snapshot();
        assert!(now.reconciles(), "{now:?}");
        now
    }
}

const AWKWARD: [&str; 6] =
    ["plain", "{\"a\": \"q\\\"\"}", "größer 日本語 🪵", "", "line\nbreak\r\n", "nul \0 del \x7f"];

fn text(i: usize) -> String {
    format!("{i} {}", AWKWARD[i % AWKWARD.len()])
}

/// Sends `numbers` to `topic`; each text says its number.
fn produce(runtime: &Runtime, kafka: &Kafka, topic: &str, numbers: std::ops::Range<usize>) {
    runtime.block_on(async {
        let producer = kafka.producer().build().await.unwrap();
        for i in numbers {
            let record = Record::new(topic, text(i)).key(format!("k{i}")).header("trace", "t\u{e4}");
            let _ = producer.send(record.timestamp(1_795_248_000_000 + i as i64)).await.unwrap();
        }
        producer.close().await.unwrap();
    });
}

fn broker(topics: &[(&str, i32)]) -> (Runtime, FakeBroker, Kafka) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let broker = runtime.block_on(FakeBroker::start()).unwrap();
    for (topic, partitions) in topics {
        broker.create_topic(topic, *partitions);
    }
    let kafka = runtime.block_on(Kafka::builder(broker.bootstrap_servers()).connect()).unwrap();
    (runtime, broker, kafka)
}

fn attribute(record: &Stored, name: &str) -> Option<String> {
    record.attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| String::from_utf8_lossy(v).into_owned())
}

fn number(record: &Stored) -> usize {
    let text = String::from_utf8_lossy(&record.text);
    text.split(' ').next().unwrap().parse().unwrap()
}

/// How far the group has committed, over all partitions.
fn committed(broker: &FakeBroker, topic: &str, partitions: i32) -> i64 {
    (0..partitions).filter_map(|p| broker.committed_offset("gastrolog", topic, p)).sum()
}

#[test]
fn records_of_all_partitions_come_with_everything_known_about_them() {
    let (runtime, broker, kafka) = broker(&[("app", 3), ("other", 1)]);
    produce(&runtime, &kafka, "app", 0..1_000);
    produce(&runtime, &kafka, "other", 0..10);
    let running = start(&broker, &Arc::new(MemorySink::new().fail_every(4)), |_| ());
    running.wait_for(1_000);
    // A topic that is made later is found.
    broker.create_topic("app.late", 1);
    produce(&runtime, &kafka, "app.late", 1_000..1_010);
    running.wait_for(1_010);
    wait("offsets", || committed(&broker, "app", 3) + committed(&broker, "app.late", 1) == 1_010);
    let mut records = running.sink.records();
    let counts = running.stop();
    assert_eq!((counts.received, counts.stored), (1_010, 1_010));
    records.sort_by_key(number);
    for (i, record) in records.iter().enumerate() {
        assert_eq!(String::from_utf8(record.text.clone()).unwrap(), text(i));
        assert_eq!(record.source, Timestamp((1_795_248_000_000 + i as i64) * 1_000_000));
        assert_eq!(attribute(record, "key").unwrap(), format!("k{i}"));
        assert_eq!(attribute(record, "header.trace").unwrap(), "tä");
        assert_eq!(attribute(record, "receiver").unwrap(), "k");
        assert_eq!(attribute(record, "topic").unwrap(), if i < 1_000 { "app" } else { "app.late" });
        assert!(attribute(record, "partition").is_some() && attribute(record, "offset").is_some());
    }
}

#[test]
fn nothing_is_committed_before_it_is_stored_and_a_restart_goes_on_there() {
    let (runtime, broker, kafka) = broker(&[("app", 2)]);
    produce(&runtime, &kafka, "app", 0..300);
    let sink = Arc::new(MemorySink::new().fail_next(u64::MAX));
    let first = start(&broker, &sink, |c| c.drain = Duration::from_millis(300));
    wait("an attempt", || first.counters.snapshot().faults > 2);
    assert_eq!(committed(&broker, "app", 2), 0);
    let counts = first.stop();
    assert_eq!((counts.stored, committed(&broker, "app", 2)), (0, 0));
    sink.fail_from_now(0);
    let second = start(&broker, &sink, |_| ());
    second.wait_for(300);
    wait("offsets", || committed(&broker, "app", 2) == 300);
    second.stop();
    produce(&runtime, &kafka, "app", 300..400);
    let third = start(&broker, &sink, |_| ());
    third.wait_for(400);
    third.stop();
    let mut numbers: Vec<usize> = sink.records().iter().map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..400).collect::<Vec<_>>());
}

#[test]
fn a_store_that_is_away_for_long_does_not_cost_the_membership() {
    let (runtime, broker, kafka) = broker(&[("app", 1)]);
    produce(&runtime, &kafka, "app", 0..50);
    // Waits of 50 ms to 3.2 s and 5 s: some 11 s in all.
    let running = start(&broker, &Arc::new(MemorySink::new().fail_next(8)), |_| ());
    running.wait_for(50);
    produce(&runtime, &kafka, "app", 50..60);
    running.wait_for(60);
    wait("offsets", || committed(&broker, "app", 1) == 60);
    let numbers: Vec<usize> = running.sink.records().iter().map(number).collect();
    assert_eq!(numbers, (0..60).collect::<Vec<_>>());
    running.stop();
    assert_eq!(broker.request_count(ApiKey::JoinGroup), 1, "it never had to join again");
}

#[test]
fn faults_of_the_broker_are_passing() {
    let (runtime, broker, kafka) = broker(&[("app", 1)]);
    produce(&runtime, &kafka, "app", 0..200);
    broker.on_times(ApiKey::OffsetCommit, 1, |_| Control::Error(ErrorCode::CoordinatorNotAvailable));
    broker.on_times(ApiKey::Fetch, 2, |_| Control::Disconnect);
    let running = start(&broker, &Arc::new(MemorySink::new()), |c| c.batch_records_max = 30);
    running.wait_for(200);
    wait("offsets", || committed(&broker, "app", 1) == 200);
    let distinct: std::collections::BTreeSet<usize> = running.sink.records().iter().map(number).collect();
    assert_eq!(distinct.len(), 200);
    running.stop();
}

#[test]
fn a_password_and_times_of_texts() {
    let (runtime, broker, kafka) = broker(&[("app", 1)]);
    produce(&runtime, &kafka, "app", 0..3);
    broker.require_sasl_plain("ann", "pass");
    let login = |password: &str| {
        Some(Login { mechanism: Mechanism::Plain, user: "ann".into(), password: password.into() })
    };
    let refused = start(&broker, &Arc::new(MemorySink::new()), |c| c.login = login("wrong"));
    wait("a fault", || refused.counters.snapshot().faults > 0);
    assert_eq!(refused.stop().received, 0);
    let running = start(&broker, &Arc::new(MemorySink::new()), |c| {
        c.login = login("pass");
        c.time = TimeFrom::Text;
    });
    running.wait_for(3);
    assert!(running.sink.records().iter().all(|r| r.source == Timestamp::NONE));
    running.stop();
}

#[test]
fn what_makes_no_sense_is_refused() {
    let change: [fn(&mut KafkaConfig); 4] =
        [|c| c.brokers.clear(), |c| c.topics.clear(), |c| c.topics = vec!["[".into()], |c| c.group.clear()];
    for change in change {
        let mut config =
            KafkaConfig { brokers: vec!["b:9092".into()], topics: vec!["t".into()], ..Default::default() };
        change(&mut config);
        let clock: Clock = Arc::new(|| Timestamp(0));
        assert!(KafkaReceiver::new(config, Arc::new(MemorySink::new()), clock).is_err());
    }
}
