//! rsyslog by UDP, TCP, TLS, RELP, and RELP with TLS.

use std::path::Path;
use std::process::Command;

use super::programs::rsyslogd;
use super::syslog::{LONG, SHORT, check_fields, lines, message, receiver};
use super::trial::{ALL, ARRIVED, CONNECTED, Fault, Trial, again_max, free_address, number_in};
use crate::support::Place;
use crate::support::certificates::certificates;

/// One way to send.
struct Way<'a> {
    /// The module that it needs.
    module: &'a str,
    kind: &'a str,
    transport: &'a str,
    with_tls: bool,
    /// What the action has besides target and port; FOLDER stands for that of the certificates.
    action: &'a str,
    long: usize,
    faults: &'a [Fault],
}

/// rsyslogd that reads `input`, and sends its lines on, ten in 40 ms. Its queue holds all.
fn configured(mut client: Command, folder: &Path, input: &Path, port: u16, action: &str) -> Command {
    let (path, input) = (folder.display(), input.display());
    let load = if action.contains("omrelp") { r#"module(load="omrelp")"# } else { "" };
    let action = action.replace("FOLDER", &path.to_string());
    let config = format!(
        r#"
global(workDirectory="{path}" parser.escapeControlCharactersOnReceive="off" maxMessageSize="128k"
       defaultNetstreamDriverCAFile="{path}/ca.pem" defaultNetstreamDriverCertFile="{path}/client.pem"
       defaultNetstreamDriverKeyFile="{path}/client.key")
module(load="imfile" mode="polling" pollingInterval="1")
{load}
template(name="line" type="string" string="%msg%")
template(name="relp" type="string" string="%msg%\n")
input(type="imfile" file="{input}" tag="app" ruleset="out")
ruleset(name="out") {{
    action(target="localhost" port="{port}" action.resumeRetryCount="-1" action.resumeInterval="1"
           queue.type="LinkedList" queue.size="100000" queue.dequeueBatchSize="10" queue.dequeueSlowdown="40000" {action})
}}
"#
    );
    let config_path = folder.join("rsyslog.conf");
    std::fs::write(&config_path, config).unwrap();
    client.args(["-n", "-i", &format!("{path}/pid"), "-f"]).arg(config_path);
    client
}

fn sent_by(way: &Way<'_>) {
    let Some(client) = rsyslogd(way.module) else { return };
    let place = Place::new();
    let folder = certificates(&place);
    let input = lines(&place, |n| message(n, way.long));
    let (listen, receiver) = receiver(way.kind, way.transport, way.with_tls.then_some(folder.as_path()));
    let mut trial = Trial::at(place, free_address(), &receiver);
    let client = configured(client, &folder, &input, listen.port(), way.action);
    trial.watch(client, way.faults, number_in("message"));
    trial.stop();
    check_fields(&trial, way.long, again_max(way.faults), |n, record| {
        record["_text"] == message(n, way.long)
    });
}

const LINES: &str = r#"type="omfwd" protocol="tcp" template="line""#;
const COUNTED: &str = r#"type="omfwd" protocol="tcp" template="line" TCP_Framing="octet-counted""#;
const TLS: &str = r#"type="omfwd" protocol="tcp" template="line" TCP_Framing="octet-counted" streamDriver="gtls"
    streamDriverMode="1" streamDriverAuthMode="x509/name" streamDriverPermittedPeers="localhost""#;
const RELP: &str = r#"type="omrelp" template="relp""#;
const RELP_TLS: &str = r#"type="omrelp" template="relp" tls="on" tls.authMode="name" tls.permittedPeer=["localhost"]
    tls.caCert="FOLDER/ca.pem" tls.myCert="FOLDER/client.pem" tls.myPrivKey="FOLDER/client.key""#;

/// By plain TCP; nothing is acknowledged.
const BY_TCP: Way<'_> = Way {
    module: "imfile.so",
    kind: "syslog",
    transport: "tcp",
    with_tls: false,
    action: COUNTED,
    long: LONG,
    faults: CONNECTED,
};

/// By RELP.
const BY_RELP: Way<'_> = Way {
    module: "omrelp.so",
    kind: "relp",
    transport: "listen",
    with_tls: false,
    action: RELP,
    long: LONG,
    faults: ALL,
};

#[test]
fn by_udp() {
    let action = r#"type="omfwd" protocol="udp" template="line""#;
    sent_by(&Way { transport: "udp", action, long: SHORT, faults: ARRIVED, ..BY_TCP });
}

#[test]
fn by_tcp_counted() {
    sent_by(&BY_TCP);
}

#[test]
fn by_tcp_in_lines() {
    sent_by(&Way { action: LINES, ..BY_TCP });
}

#[test]
fn by_tls_with_certificates_on_both_sides() {
    sent_by(&Way { module: "lmnsd_gtls.so", with_tls: true, action: TLS, ..BY_TCP });
}

#[test]
fn by_relp() {
    sent_by(&BY_RELP);
}

#[test]
fn by_relp_with_certificates_on_both_sides() {
    sent_by(&Way { with_tls: true, action: RELP_TLS, ..BY_RELP });
}
