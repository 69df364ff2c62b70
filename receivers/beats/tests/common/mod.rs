//! A receiver at work on a port of its own.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "only tests use it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Counters, CountersSnapshot, Receiver, Shutdown};
use gastrolog_receiver_beats::{BeatsConfig, BeatsReceiver};
use gastrolog_types::{Record, Timestamp};

/// A receiver that runs.
pub struct Running {
    pub addr: SocketAddr,
    pub sink: Arc<MemorySink>,
    pub counters: Arc<Counters>,
    shutdown: Shutdown,
    thread: JoinHandle<()>,
}

/// Starts one on a free port.
pub fn start(sink: MemorySink, change: impl FnOnce(&mut BeatsConfig)) -> Running {
    let mut config = BeatsConfig {
        name: "b".into(),
        listen: "127.0.0.1:0".parse().unwrap(),
        keep_alive: Duration::from_millis(100),
        ..Default::default()
    };
    change(&mut config);
    let sink = Arc::new(sink);
    let clock: Clock = Arc::new(|| Timestamp(42));
    let receiver = BeatsReceiver::bind(config, sink.clone(), clock).unwrap();
    let (addr, counters, shutdown) = (receiver.addr(), receiver.counters(), Shutdown::new());
    let thread = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || Box::new(receiver).run(shutdown).unwrap()
    });
    Running { addr, sink, counters, shutdown, thread }
}

impl Running {
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Asks it to stop.
    pub fn ask_to_stop(&self) {
        self.shutdown.start();
    }

    /// Stops it; its counts must reconcile.
    pub fn stop(self) -> (Vec<Record>, CountersSnapshot) {
        self.shutdown.start();
        self.thread.join().unwrap();
        let now = self.counters.snapshot();
        assert!(now.reconciles(), "{now:?}");
        assert_eq!(now.stored, self.sink.len() as u64);
        (self.sink.records(), now)
    }
}

/// A window and its events, numbered from `first`.
pub fn window(first: u32, texts: &[&str]) -> Vec<u8> {
    let mut out = [b"2W", &(texts.len() as u32).to_be_bytes()[..]].concat();
    for (seq, text) in (first..).zip(texts) {
        out.extend(
            [b"2J", &seq.to_be_bytes()[..], &(text.len() as u32).to_be_bytes(), text.as_bytes()].concat(),
        );
    }
    out
}

/// The next answer: its number.
pub fn ack(stream: &mut (impl Read + Write)) -> u32 {
    let mut bytes = [0; 6];
    stream.read_exact(&mut bytes).unwrap();
    let [b'2', b'A', number @ ..] = bytes else { panic!("{bytes:?}") };
    u32::from_be_bytes(number)
}

/// The value of an attribute.
pub fn attribute(record: &Record, name: &str) -> Option<String> {
    record.attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| String::from_utf8_lossy(v).into_owned())
}
