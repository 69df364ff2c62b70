//! A receiver on a port, over a store in memory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Counters, CountersSnapshot, Receiver, Shutdown};
use gastrolog_receiver_relp::{RelpConfig, RelpReceiver};
use gastrolog_types::Timestamp;

pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) sink: Arc<MemorySink>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) shutdown: Shutdown,
    thread: JoinHandle<()>,
}

pub(crate) fn start(sink: Arc<MemorySink>, change: impl FnOnce(&mut RelpConfig)) -> Running {
    let mut config = RelpConfig { listen: "127.0.0.1:0".parse().unwrap(), ..RelpConfig::default() };
    change(&mut config);
    let clock: Clock = Arc::new(|| Timestamp(42));
    let receiver = RelpReceiver::bind(config, sink.clone(), clock).unwrap();
    let (addr, counters, shutdown) = (receiver.addr(), receiver.counters(), Shutdown::new());
    let thread = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || Box::new(receiver).run(shutdown).unwrap()
    });
    Running { addr, sink, counters, shutdown, thread }
}

impl Running {
    /// Stops it and checks that its counts add up.
    pub(crate) fn stop(self) -> CountersSnapshot {
        self.shutdown.start();
        self.thread.join().unwrap();
        let now = self.counters.snapshot();
        assert!(now.reconciles(), "{now:?}");
        now
    }
}

/// Waits for `done`, half a minute at most.
pub(crate) fn wait_until(done: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    done()
}
