//! What senders of syslog have in common, and the small ones: `logger`, `loggen`, `rfc5424-logging-handler`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use super::programs::{of_syslog_ng, program, python};
use super::trial::{ARRIVED, CONNECTED, RECORDS, Trial, again_max, check, free_address, number_in};
use crate::support::Place;
use crate::support::certificates::{certificates, demanded};

/// The text of a record for senders that read lines: without line ends and NUL. Each 97th has `long` bytes or so.
pub(super) fn text(n: usize, long: usize) -> String {
    let odd = [
        "\"quoted\" and \\ back\\\\slash",
        "snow ☃, née, 日本語, 😀",
        "tab\tin {\"json\":[1,{\"a\":null}]}",
        "k=value other=\"x y\" level=error",
        "<13>Nov 21 00:14:20 host app: x",
        "a %percent% $dollar 'single'",
        "",
        "two blanks at the end  ",
    ];
    let odd = if n % 97 == 96 { "long ".repeat(long / 5) } else { odd[n % odd.len()].to_owned() };
    format!("{n} {odd}")
}

/// A longest line, and one for senders that cut at 8 KiB or send datagrams.
pub(super) const LONG: usize = 64 << 10;
pub(super) const SHORT: usize = 7_000;

/// A whole message, as RFC 5424 has it.
pub(super) fn message(n: usize, long: usize) -> String {
    format!("<13>1 2023-11-14T22:13:20.{n:03}Z h app - - - {}", text(n, long))
}

/// A file with a line for each record.
pub(super) fn lines(place: &Place, line: impl Fn(usize) -> String) -> PathBuf {
    let lines: String = (0..RECORDS).map(|n| line(n) + "\n").collect();
    place.beside("input.log", lines.as_bytes())
}

/// The port of a receiver, and its configuration; with `folder` it speaks TLS and demands a certificate.
pub(super) fn receiver(kind: &str, transport: &str, folder: Option<&Path>) -> (SocketAddr, String) {
    let listen = free_address();
    let head = format!("[[receivers]]\nkind = \"{kind}\"\nmessage_bytes_max = \"128KiB\"\n");
    let tls = folder.map(demanded).unwrap_or_default();
    (listen, format!("{head}{transport} = \"{listen}\"\n{tls}\n"))
}

/// Whether these are all the records, their fields told apart; `long` is that of [`text`].
pub(super) fn check_fields(
    trial: &Trial,
    long: usize,
    again_max: usize,
    more: impl Fn(usize, &Json) -> bool,
) {
    let found = trial.found("appname=app");
    check(&found, again_max, number_in("message"), |n, record| {
        record["_text"].as_str().is_some_and(|whole| whole.ends_with(&text(n, long)))
            && record["parse_error"].is_null()
            && record["truncated"].is_null()
            && record["peer"] == "127.0.0.1"
            && more(n, record)
    });
}

/// `logger`, which reads its lines slowly; it says nothing of what it sent.
fn logger(transport: &str) {
    let Some(mut client) = program("logger", "bsdutils") else { return };
    let place = Place::new();
    let long = if transport == "udp" { SHORT } else { LONG };
    let input = lines(&place, |n| text(n, long));
    let (listen, receiver) = receiver("syslog", transport, None);
    let mut trial = Trial::at(place, free_address(), &receiver);
    client.args(["--server", "127.0.0.1", "--port", &listen.port().to_string(), "--rfc5424=notq"]);
    client.args([&format!("--{transport}"), "--size", "100000", "--tag", "app"]);
    if transport == "tcp" {
        client.arg("--octet-count");
    }
    let slowly = "while IFS= read -r l; do printf '%s\\n' \"$l\"; case $l in *0\\ *) sleep 0.03;; esac; done";
    let script = format!("{slowly} < \"$0\" | \"$@\"; cat > /dev/null");
    let mut feeding = Command::new("bash");
    feeding.args(["-c", &script]).arg(input).arg(client.get_program()).args(client.get_args());
    let faults = if transport == "udp" { ARRIVED } else { CONNECTED };
    trial.watch(feeding, faults, number_in("message"));
    trial.stop();
    check_fields(&trial, long, again_max(faults), |_, record| {
        record["priority"] == "13" && !record["hostname"].is_null()
    });
}

#[test]
fn logger_by_tcp() {
    logger("tcp");
}

#[test]
fn logger_by_udp() {
    logger("udp");
}

#[test]
fn loggen() {
    let Some(mut client) = of_syslog_ng("bin/loggen") else { return };
    let place = Place::new();
    // It sends longer lines too, but counts their pieces as messages and ends too early.
    let input = lines(&place, |n| message(n, SHORT));
    let (listen, receiver) = receiver("syslog", "tcp", None);
    let mut trial = Trial::at(place, free_address(), &receiver);
    client.args(["--inet", "--stream", "--syslog-proto", "--dont-parse", "--quiet", "--rate", "250"]);
    client.args(["--number", &RECORDS.to_string(), "--interval", "60", "--read-file"]).arg(input);
    client.args(["127.0.0.1", &listen.port().to_string()]);
    trial.watch(client, CONNECTED, number_in("message"));
    trial.stop();
    check_fields(&trial, SHORT, again_max(CONNECTED), |n, record| record["_text"] == message(n, SHORT));
}

fn rfc5424_logging_handler(kind: &str) {
    let Some(mut client) = python("rfc5424logging", "rfc5424.py") else { return };
    let place = Place::new();
    let folder = (kind == "tls").then(|| certificates(&place));
    let transport = if kind == "udp" { "udp" } else { "tcp" };
    let (listen, receiver) = receiver("syslog", transport, folder.as_deref());
    let mut trial = Trial::at(place, free_address(), &receiver);
    client.args([kind, &listen.port().to_string()]).args(folder);
    let faults = if kind == "udp" { ARRIVED } else { CONNECTED };
    let sent = trial.run(client, faults, |trial| trial.settle("*", number_in("s@1.n")));
    trial.stop();
    check(&trial.found("appname=app hostname=h"), again_max(faults), number_in("s@1.n"), |n, record| {
        // Line ends at the end of a message are framing.
        let text = sent[&n].trim_end_matches('\n');
        record["_text"].as_str().is_some_and(|whole| whole.ends_with(text))
            && record["s@1.odd"] == "a\"]\\"
            && record["peer"] == "127.0.0.1"
    });
}

#[test]
fn rfc5424_logging_handler_by_udp() {
    rfc5424_logging_handler("udp");
}

#[test]
fn rfc5424_logging_handler_by_tcp() {
    rfc5424_logging_handler("tcp");
}

#[test]
fn rfc5424_logging_handler_by_tls() {
    rfc5424_logging_handler("tls");
}
