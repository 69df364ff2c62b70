//! A receiver at work on a port of its own, and just enough msgpack to speak with it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "only tests use it")]

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Counters, CountersSnapshot, Receiver, Shutdown};
use gastrolog_receiver_fluent::{FluentConfig, FluentReceiver};
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
pub fn start(sink: MemorySink, change: impl FnOnce(&mut FluentConfig)) -> Running {
    let mut config =
        FluentConfig { name: "f".into(), listen: "127.0.0.1:0".parse().unwrap(), ..Default::default() };
    change(&mut config);
    let sink = Arc::new(sink);
    let clock: Clock = Arc::new(|| Timestamp(42));
    let receiver = FluentReceiver::bind(config, sink.clone(), clock).unwrap();
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

    /// Waits until `records` are stored.
    pub fn wait_for(&self, records: usize) {
        let start = std::time::Instant::now();
        while self.sink.len() < records && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(self.sink.len() >= records, "{} of {records} came", self.sink.len());
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

/// The value of an attribute.
pub fn attribute(record: &Record, name: &str) -> Option<String> {
    record.attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| String::from_utf8_lossy(v).into_owned())
}

/// Short text as msgpack.
pub fn text(text: &str) -> Vec<u8> {
    assert!(text.len() < 256);
    [&[0xd9, text.len() as u8], text.as_bytes()].concat()
}

/// Bytes as msgpack.
pub fn bin(bytes: &[u8]) -> Vec<u8> {
    [&[0xc6][..], &(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

/// `{"n": number}`.
pub fn record(number: u8) -> Vec<u8> {
    vec![0x81, 0xa1, b'n', 0xcc, number]
}

/// A time in seconds.
pub fn seconds(seconds: u32) -> Vec<u8> {
    [&[0xce][..], &seconds.to_be_bytes()].concat()
}

/// An array of values.
pub fn array(values: &[Vec<u8>]) -> Vec<u8> {
    [vec![0x90 | values.len() as u8], values.concat()].concat()
}

/// Options with a chunk.
pub fn chunk(id: &str) -> Vec<u8> {
    [vec![0x81], text("chunk"), text(id)].concat()
}

/// The answer to it.
pub fn ack(id: &str) -> Vec<u8> {
    [b"\x81\xa3ack".to_vec(), text(id)].concat()
}

/// A folder of public samples beside the project.
pub fn shared_data(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "there is no {}", path.display());
    eprintln!("skipped: there is no {}", path.display());
    None
}
