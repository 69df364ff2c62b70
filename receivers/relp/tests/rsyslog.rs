//! rsyslog's omrelp as the client, while the store goes away, the receiver restarts, and over TLS.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{start, wait_until};
use gastrolog_ingest::testing::MemorySink;
use gastrolog_net::TlsFiles;

const RECORDS: usize = 3000;

/// Whether rsyslogd can send RELP here; fails where it must.
fn is_there() -> bool {
    let there = Command::new("rsyslogd").arg("-v").output().is_ok()
        && std::fs::read_dir("/usr/lib")
            .into_iter()
            .flatten()
            .flatten()
            .any(|dir| dir.path().join("rsyslog/omrelp.so").exists());
    if !there {
        assert!(std::env::var_os("GASTROLOG_REQUIRE_CLIENTS").is_none(), "rsyslog-relp is not installed");
        eprintln!("skipped: there is no rsyslog with omrelp on this machine");
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

fn line(i: usize) -> String {
    format!("record {i:05} \"quoted\" \\ back äöü ☃ <13>{{\"n\":{i}}} tab\tend  ")
}

/// rsyslogd that reads `input` and sends it on.
fn send(dir: &Path, addr: SocketAddr, extra: &str) -> Client {
    let mut lines = String::new();
    (0..RECORDS).for_each(|i| writeln!(lines, "{}", line(i)).unwrap());
    std::fs::write(dir.join("input.log"), lines).unwrap();
    let path = dir.display();
    let config = format!(
        r#"
global(workDirectory="{path}" parser.escapeControlCharactersOnReceive="off")
module(load="imfile" mode="polling" pollingInterval="1")
module(load="omrelp")
template(name="line" type="string" string="<13>1 - h app - - - %msg%\n")
input(type="imfile" file="{path}/input.log" tag="app" ruleset="out")
ruleset(name="out") {{
    action(type="omrelp" target="localhost" port="{}" template="line" action.resumeRetryCount="-1"
           action.resumeInterval="1" queue.type="LinkedList" queue.size="100000" queue.dequeueBatchSize="50" {extra})
}}
"#,
        addr.port()
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

/// Every record is there; gives how many are there more than once.
fn check(sink: &MemorySink) -> usize {
    let mut texts = sink.texts();
    let all = texts.len();
    texts.sort();
    texts.dedup();
    let want: Vec<String> = (0..RECORDS).map(|i| format!("<13>1 - h app - - - {}", line(i))).collect();
    assert_eq!(texts, want);
    all - RECORDS
}

fn distinct(sink: &MemorySink) -> usize {
    sink.texts().into_iter().collect::<std::collections::HashSet<_>>().len()
}

#[test]
fn nothing_is_lost_while_the_store_goes_away_and_the_receiver_restarts() {
    if !is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let sink = Arc::new(MemorySink::new().slow(Duration::from_millis(10)));
    let first = start(sink.clone(), |c| c.hold = Duration::ZERO);
    let addr = first.addr;
    let _client = send(dir.path(), addr, "");
    assert!(wait_until(|| first.sink.len() >= 300), "{} came", sink.len());
    sink.fail_from_now(3);
    assert!(wait_until(|| first.counters.snapshot().faults >= 3));
    assert!(wait_until(|| sink.len() >= 600));
    first.stop();
    let second = start(sink.clone(), |c| c.listen = addr);
    assert!(wait_until(|| distinct(&sink) >= RECORDS), "{} of {RECORDS} came", distinct(&sink));
    let twice = check(&sink);
    eprintln!("{twice} of {RECORDS} records came twice");
    second.stop();
}

#[test]
fn over_tls_with_certificates_on_both_sides() {
    if !is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "test root");
    let ca = rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
    std::fs::write(path("ca.pem"), ca.pem()).unwrap();
    for name in ["localhost", "client"] {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        std::fs::write(path(&format!("{name}.pem")), params.signed_by(&key, &ca).unwrap().pem()).unwrap();
        std::fs::write(path(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }
    let sink: Arc<MemorySink> = Arc::default();
    let tls =
        TlsFiles { cert: path("localhost.pem"), key: path("localhost.key"), client_ca: Some(path("ca.pem")) };
    let running = start(sink.clone(), |c| c.tls = Some(tls));
    let place = dir.path().display();
    let extra = format!(
        r#"tls="on" tls.caCert="{place}/ca.pem" tls.myCert="{place}/client.pem" tls.myPrivKey="{place}/client.key"
           tls.authMode="name" tls.permittedPeer=["localhost"]"#
    );
    let _client = send(dir.path(), running.addr, &extra);
    let came = wait_until(|| distinct(&sink) >= RECORDS);
    let said = std::fs::read_to_string(path("stderr")).unwrap();
    assert!(
        came,
        "{} of {RECORDS} came; rsyslogd said {said}; {:?}",
        distinct(&sink),
        running.counters.snapshot()
    );
    assert_eq!(check(&sink), 0);
    running.stop();
}
