//! The receiver on real sockets: counts, attributes, limits, and the `logger` command as a sender.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Counters, CountersSnapshot, Receiver, Shutdown};
use gastrolog_receiver_syslog::{SyslogConfig, SyslogReceiver};
use gastrolog_types::{Record, Timestamp};

struct Running {
    udp: SocketAddr,
    tcp: SocketAddr,
    sink: Arc<MemorySink>,
    counters: Arc<Counters>,
    shutdown: Shutdown,
    thread: JoinHandle<()>,
}

fn start(sink: MemorySink, change: impl FnOnce(&mut SyslogConfig)) -> Running {
    let any = Some("127.0.0.1:0".parse().unwrap());
    let mut config = SyslogConfig { name: "net".into(), udp: any, tcp: any, ..Default::default() };
    change(&mut config);
    let sink = Arc::new(sink);
    let clock: Clock = Arc::new(|| Timestamp(42));
    let receiver = SyslogReceiver::bind(config, sink.clone(), clock).unwrap();
    let (udp, tcp) = (receiver.udp_addr().unwrap(), receiver.tcp_addr().unwrap());
    let (counters, shutdown) = (receiver.counters(), Shutdown::new());
    let thread = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || Box::new(receiver).run(shutdown).unwrap()
    });
    Running { udp, tcp, sink, counters, shutdown, thread }
}

impl Running {
    fn wait_for(&self, records: usize) {
        let start = Instant::now();
        while self.sink.len() < records && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(self.sink.len() >= records, "{} of {records} came: {:?}", self.sink.len(), self.sink.texts());
    }

    fn stop(self) -> (Vec<Record>, CountersSnapshot) {
        self.shutdown.start();
        self.thread.join().unwrap();
        let now = self.counters.snapshot();
        assert!(now.reconciles(), "{now:?}");
        assert_eq!(now.stored, self.sink.len() as u64);
        (self.sink.records(), now)
    }
}

fn attribute(record: &Record, name: &str) -> Option<String> {
    record.attributes.iter().find(|(n, _)| *n == name).map(|(_, v)| String::from_utf8_lossy(v).into_owned())
}

#[test]
fn datagrams_and_streams_become_records() {
    let running = start(MemorySink::new().fail_every(3), |c| c.message_bytes_max = 20);
    let mut tcp = TcpStream::connect(running.tcp).unwrap();
    tcp.write_all(b"5 <1>a\n<2>b\r\n<3>this one is far too long\nplain\n99 <4>cut").unwrap();
    drop(tcp);
    running.wait_for(5);
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in [&b"<5>d\n"[..], b"<6>e\nf\0", b"\n", b"<7>\xff", b"<8>much longer than twenty bytes"] {
        udp.send_to(datagram, running.udp).unwrap();
    }
    running.wait_for(9);
    let (records, counts) = running.stop();
    let texts: Vec<&[u8]> = records.iter().map(|r| &r.text[..]).collect();
    let want: [&[u8]; 9] = [
        b"<1>a",
        b"<2>b",
        b"<3>this one is far t",
        b"plain",
        b"<4>cut",
        b"<5>d",
        b"<6>e\nf",
        b"<7>\xff",
        b"<8>much longer than ",
    ];
    assert_eq!(texts, want);
    let marked = |name: &str| -> Vec<usize> {
        (0..records.len()).filter(|i| attribute(&records[*i], name).is_some()).collect()
    };
    assert_eq!((marked("truncated"), marked("parse_error")), (vec![2, 8], vec![3, 4]));
    assert_eq!(counts.parse_errors, 2);
    for record in &records {
        assert_eq!(attribute(record, "receiver").as_deref(), Some("net"));
        assert_eq!(attribute(record, "peer").as_deref(), Some("127.0.0.1"));
        assert_eq!((record.ingest, record.source), (Timestamp(42), Timestamp::NONE));
    }
}

#[test]
fn a_slow_store_slows_connections_and_drops_datagrams_by_count() {
    let running = start(MemorySink::new().slow(Duration::from_millis(5)), |c| {
        c.batcher.queue_bytes = 2000;
        c.batcher.batch_bytes = 500;
    });
    let tcp = running.tcp;
    let sender = std::thread::spawn(move || {
        let mut tcp = TcpStream::connect(tcp).unwrap();
        for i in 0..2000 {
            tcp.write_all(format!("<1>tcp {i}\n").as_bytes()).unwrap();
        }
    });
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    for i in 0..500 {
        udp.send_to(format!("<1>udp {i}").as_bytes(), running.udp).unwrap();
    }
    sender.join().unwrap();
    let start = Instant::now();
    let from_tcp = |sink: &MemorySink| sink.texts().iter().filter(|t| t.starts_with("<1>tcp")).count();
    while from_tcp(&running.sink) < 2000 && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let sink = running.sink.clone();
    let (_, counts) = running.stop();
    let tcp: Vec<String> = sink.texts().into_iter().filter(|t| t.starts_with("<1>tcp")).collect();
    assert_eq!(tcp, (0..2000).map(|i| format!("<1>tcp {i}")).collect::<Vec<_>>());
    assert_eq!(counts.received - counts.dropped_total(), sink.len() as u64);
}

#[test]
fn connections_over_the_limit_wait_and_silent_ones_are_closed() {
    let running = start(MemorySink::new(), |c| c.connections.connections_max = 1);
    let mut first = TcpStream::connect(running.tcp).unwrap();
    first.write_all(b"<1>first\n").unwrap();
    running.wait_for(1);
    let mut second = TcpStream::connect(running.tcp).unwrap();
    second.write_all(b"<1>second\n").unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(running.sink.len(), 1);
    drop(first);
    running.wait_for(2);
    assert_eq!(running.stop().1.received, 2);

    let running = start(MemorySink::new(), |c| {
        c.connections.connections_max = 1;
        c.connections.idle = Duration::from_millis(200);
    });
    let _silent = TcpStream::connect(running.tcp).unwrap();
    TcpStream::connect(running.tcp).unwrap().write_all(b"<1>third\n").unwrap();
    running.wait_for(1);
    running.stop();
}

#[test]
fn what_has_come_is_stored_before_the_end() {
    let running = start(MemorySink::new(), |_| {});
    let mut tcp = TcpStream::connect(running.tcp).unwrap();
    tcp.write_all(b"<1>one\n").unwrap();
    running.wait_for(1);
    tcp.write_all(b"<1>two\n<1>three\n").unwrap();
    let (records, _) = running.stop();
    assert_eq!(records.len(), 3);
}

#[test]
fn the_logger_command_is_understood() {
    if Command::new("logger").arg("--version").output().is_err() {
        eprintln!("skipped: there is no logger command on this machine");
        return;
    }
    let running = start(MemorySink::new(), |_| {});
    let mut sent = 0;
    for (protocol, port) in [("--udp", running.udp.port()), ("--tcp", running.tcp.port())] {
        for extra in [&["--rfc3164"][..], &["--rfc5424"], &["--rfc5424", "--octet-count"]] {
            if protocol == "--udp" && extra.contains(&"--octet-count") {
                continue;
            }
            let status = Command::new("logger")
                .args(["--server", "127.0.0.1", "--port", &port.to_string(), protocol])
                .args(extra)
                .args(["--tag", "app", "hello from logger"])
                .status()
                .unwrap();
            assert!(status.success());
            sent += 1;
        }
    }
    running.wait_for(sent);
    let (records, counts) = running.stop();
    assert_eq!((records.len(), counts.parse_errors), (sent, 0));
    for record in records {
        let text = String::from_utf8(record.text).unwrap();
        assert!(text.starts_with("<13>") && text.ends_with("hello from logger"), "{text:?}");
    }
}
