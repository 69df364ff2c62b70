//! A receiver of an HTTP protocol on a port, and a client of a few lines. Tests of such receivers include this file.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Counters, CountersSnapshot, Receiver, Shutdown, Sink};
use gastrolog_net::{ConnectionLimits, WebIngest, WebReceiver};
use gastrolog_types::{Record, Timestamp};

/// What the clock of every test says.
pub(crate) const NOW: Timestamp = Timestamp(42);

pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) sink: Arc<MemorySink>,
    counters: Arc<Counters>,
    shutdown: Shutdown,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    #[allow(dead_code, reason = "not every protocol says something there")]
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// Serves what `make` makes for a sink and a clock.
pub(crate) fn start<I: WebIngest>(sink: MemorySink, make: impl FnOnce(Arc<dyn Sink>, Clock) -> I) -> Running {
    let sink = Arc::new(sink);
    let ingest = make(sink.clone(), Arc::new(|| NOW));
    let limits = ConnectionLimits { drain: Duration::from_secs(1), ..ConnectionLimits::default() };
    let receiver = WebReceiver::bind(&ingest, "127.0.0.1:0".parse().unwrap(), None, limits).unwrap();
    let (addr, counters, shutdown) = (receiver.addr(), receiver.counters(), Shutdown::new());
    let thread = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || Box::new(receiver).run(shutdown).unwrap()
    });
    Running { addr, sink, counters, shutdown, thread }
}

impl Running {
    /// Posts a body of known length. `headers` are whole lines.
    pub(crate) fn post(&self, path: &str, headers: &[&str], body: &[u8]) -> Reply {
        let length = format!("Content-Length: {}", body.len());
        self.send("POST", path, &[&[length.as_str()], headers].concat(), body)
    }

    /// Sends a request and reads the answer.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
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
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("an answer");
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head, body: answer[end + 4..].to_vec() }
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

/// The attribute `name` of `record`.
#[allow(dead_code, reason = "not every test that includes this file asks for attributes")]
pub(crate) fn attribute(record: &Record, name: &str) -> Option<String> {
    let mut pairs = record.attributes.iter();
    pairs.find(|(n, _)| *n == name).map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

/// Texts that are hard to carry.
#[allow(dead_code, reason = "not every test that includes this file needs them")]
pub(crate) fn awkward(i: usize) -> String {
    let odd = [
        "",
        " ",
        "\"quoted\" and \\ back\\\\slash",
        "two\nlines\r\nand a tab\t.",
        "snow ☃, née, 日本語, 😀",
        "\u{0}\u{1}\u{1f}\u{7f}\u{2028}",
        "{\"json\":[1,2,{\"a\":null}]}",
        "key=value other=\"x y\" level=error",
        "<13>Nov 21 00:14:20 host app: x",
        "trailing newline\n",
    ];
    match i % 97 {
        96 => format!("{i} {}", "long ".repeat(3000)),
        _ => format!("{i} {}", odd[i % odd.len()]),
    }
}
