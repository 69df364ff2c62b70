//! A receiver on three ports, over a store in memory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Counters, CountersSnapshot, Receiver, Shutdown};
use gastrolog_receiver_gelf::{GelfConfig, GelfReceiver};
use gastrolog_types::{Record, Timestamp};

pub(crate) struct Running {
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) sink: Arc<MemorySink>,
    counters: Arc<Counters>,
    shutdown: Shutdown,
    thread: JoinHandle<()>,
}

pub(crate) fn start(sink: MemorySink, change: impl FnOnce(&mut GelfConfig)) -> Running {
    let sink = Arc::new(sink);
    let any = Some("127.0.0.1:0".parse().unwrap());
    let mut config = GelfConfig { udp: any, tcp: any, http: any, ..GelfConfig::default() };
    change(&mut config);
    let clock: Clock = Arc::new(|| Timestamp(42));
    let receiver = GelfReceiver::bind(config, sink.clone(), clock).unwrap();
    let (udp, tcp) = (receiver.udp_addr().unwrap(), receiver.tcp_addr().unwrap());
    let http = receiver.http_addr().unwrap();
    let (counters, shutdown) = (receiver.counters(), Shutdown::new());
    let thread = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || Box::new(receiver).run(shutdown).unwrap()
    });
    Running { udp, tcp, http, sink, counters, shutdown, thread }
}

impl Running {
    /// Waits for records; gives how many did not come.
    pub(crate) fn missing(&self, records: usize) -> usize {
        let start = Instant::now();
        while self.sink.len() < records && start.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(5));
        }
        records.saturating_sub(self.sink.len())
    }

    pub(crate) fn wait_for(&self, records: usize) {
        assert_eq!(self.missing(records), 0, "of {records} records did not come");
    }

    /// Stops it and checks that its counts add up.
    pub(crate) fn stop(self) -> (Vec<Record>, CountersSnapshot) {
        self.shutdown.start();
        self.thread.join().unwrap();
        let now = self.counters.snapshot();
        assert!(now.reconciles(), "{now:?}");
        assert_eq!(now.stored, self.sink.len() as u64);
        (self.sink.records(), now)
    }
}

pub(crate) fn attribute(record: &Record, name: &str) -> Option<String> {
    record.attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| String::from_utf8_lossy(v).into_owned())
}
