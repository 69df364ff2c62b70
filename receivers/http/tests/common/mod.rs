//! A receiver on a port and a client of a few lines.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Counters, CountersSnapshot, Receiver, Shutdown, Sink};
use gastrolog_net::ConnectionLimits;
use gastrolog_receiver_http::{HttpConfig, HttpReceiver, SinkResolver};
use gastrolog_types::Timestamp;

pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) sink: Arc<MemorySink>,
    pub(crate) counters: Arc<Counters>,
    shutdown: Shutdown,
    thread: JoinHandle<()>,
}

/// Serves a store `default` and a store `other`, which share one sink.
pub(crate) fn start(sink: MemorySink, config: HttpConfig) -> Running {
    let sink = Arc::new(sink);
    let sinks: SinkResolver = Arc::new({
        let sink = sink.clone();
        move |name: &str| matches!(name, "default" | "other").then(|| sink.clone() as Arc<dyn Sink>)
    });
    let clock: Clock = Arc::new(|| Timestamp(42));
    let addr = "127.0.0.1:0".parse().unwrap();
    let limits = ConnectionLimits { idle: Duration::from_secs(1), ..ConnectionLimits::default() };
    let receiver = HttpReceiver::bind(addr, None, config, limits, sinks, clock).unwrap();
    let (addr, counters, shutdown) = (receiver.addr(), receiver.counters(), Shutdown::new());
    let thread = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || Box::new(receiver).run(shutdown).unwrap()
    });
    Running { addr, sink, counters, shutdown, thread }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) json: serde_json::Value,
}

impl Running {
    /// Sends a request and reads the answer. `headers` are whole lines.
    pub(crate) fn post(&self, target: &str, headers: &[&str], body: &[u8]) -> Reply {
        let length = format!("Content-Length: {}", body.len());
        self.send(target, &[&[length.as_str()], headers].concat(), body)
    }

    /// Like `post`, without a length.
    pub(crate) fn send(&self, target: &str, headers: &[&str], body: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        let mut request = format!("POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        for header in headers {
            request += header;
            request += "\r\n";
        }
        request += "\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        // A body that is too large is answered before it is read to its end.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply {
            status,
            head: head.to_ascii_lowercase(),
            json: serde_json::from_str(body).unwrap_or_default(),
        }
    }

    /// Stops it and checks that its counts add up.
    pub(crate) fn stop(self) -> CountersSnapshot {
        self.shutdown.start();
        self.thread.join().unwrap();
        let now = self.counters.snapshot();
        assert!(now.reconciles(), "{now:?}");
        assert_eq!(now.stored, self.sink.len() as u64);
        now
    }
}
