//! rsyslog as the client over TLS (RFC 5425), with certificates on both sides.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Clock, Receiver, Shutdown};
use gastrolog_net::TlsFiles;
use gastrolog_receiver_syslog::{SyslogConfig, SyslogReceiver};
use gastrolog_types::Timestamp;

const RECORDS: usize = 1000;

/// Whether rsyslogd can speak TLS here; fails where it must.
fn is_there() -> bool {
    let there = Command::new("rsyslogd").arg("-v").output().is_ok()
        && std::fs::read_dir("/usr/lib")
            .into_iter()
            .flatten()
            .flatten()
            .any(|dir| dir.path().join("rsyslog/lmnsd_gtls.so").exists());
    if !there {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_CLIENTS").is_none(), "rsyslog-gnutls is not installed");
        eprintln!("skipped: there is no rsyslog with TLS on this machine");
    }
    there
}

/// Ends rsyslogd, whatever becomes of the test.
struct Client(Child);

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A root, and certificates of `localhost` and `client` that it has signed.
fn certificates(dir: &Path) {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "test root");
    let ca = rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
    std::fs::write(dir.join("ca.pem"), ca.pem()).unwrap();
    for name in ["localhost", "client"] {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        std::fs::write(dir.join(format!("{name}.pem")), params.signed_by(&key, &ca).unwrap().pem()).unwrap();
        std::fs::write(dir.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

fn line(i: usize) -> String {
    format!("record {i:05} \"quoted\" \\ back äöü ☃ <13>{{\"n\":{i}}} tab\tend  ")
}

fn send(dir: &Path, port: u16, framing: &str) -> Client {
    let mut lines = String::new();
    (0..RECORDS).for_each(|i| writeln!(lines, "{}", line(i)).unwrap());
    std::fs::write(dir.join("input.log"), lines).unwrap();
    let path = dir.display();
    let config = format!(
        r#"
global(workDirectory="{path}" parser.escapeControlCharactersOnReceive="off" defaultNetstreamDriver="gtls"
       defaultNetstreamDriverCAFile="{path}/ca.pem" defaultNetstreamDriverCertFile="{path}/client.pem"
       defaultNetstreamDriverKeyFile="{path}/client.key")
module(load="imfile" mode="polling" pollingInterval="1")
template(name="line" type="string" string="<13>1 - h app - - - %msg%")
input(type="imfile" file="{path}/input.log" tag="app" ruleset="out")
ruleset(name="out") {{
    action(type="omfwd" target="localhost" port="{port}" protocol="tcp" TCP_Framing="{framing}" template="line"
           streamDriverMode="1" streamDriverAuthMode="x509/name" streamDriverPermittedPeers="localhost"
           action.resumeRetryCount="-1" action.resumeInterval="1")
}}
"#
    );
    std::fs::write(dir.join("rsyslog.conf"), config).unwrap();
    let child = Command::new("rsyslogd")
        .args(["-n", "-i", &format!("{path}/pid"), "-f", &format!("{path}/rsyslog.conf")])
        .stdout(Stdio::null())
        .stderr(std::fs::OpenOptions::new().create(true).append(true).open(dir.join("stderr")).unwrap())
        .spawn()
        .unwrap();
    Client(child)
}

#[test]
fn over_tls_with_certificates_on_both_sides() {
    if !is_there() {
        return;
    }
    for framing in ["octet-counted", "traditional"] {
        let dir = tempfile::tempdir().unwrap();
        certificates(dir.path());
        let path = |name: &str| dir.path().join(name);
        let tls = TlsFiles {
            cert: path("localhost.pem"),
            key: path("localhost.key"),
            client_ca: Some(path("ca.pem")),
        };
        let config = SyslogConfig {
            tcp: Some("127.0.0.1:0".parse().unwrap()),
            tls: Some(tls),
            ..SyslogConfig::default()
        };
        let sink: Arc<MemorySink> = Arc::default();
        let clock: Clock = Arc::new(|| Timestamp(42));
        let receiver = SyslogReceiver::bind(config, sink.clone(), clock).unwrap();
        let (port, counters) = (receiver.tcp_addr().unwrap().port(), receiver.counters());
        let shutdown = Shutdown::new();
        let thread = std::thread::spawn({
            let shutdown = shutdown.clone();
            move || Box::new(receiver).run(shutdown).unwrap()
        });
        let client = send(dir.path(), port, framing);
        let begun = Instant::now();
        while sink.len() < RECORDS && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let said = std::fs::read_to_string(path("stderr")).unwrap();
        let want: Vec<String> = (0..RECORDS).map(|i| format!("<13>1 - h app - - - {}", line(i))).collect();
        assert_eq!(sink.len(), RECORDS, "rsyslogd said {said}; {:?}", counters.snapshot());
        assert_eq!(sink.texts(), want);
        drop(client);
        shutdown.start();
        thread.join().unwrap();
        assert!(counters.snapshot().reconciles());
    }
}
