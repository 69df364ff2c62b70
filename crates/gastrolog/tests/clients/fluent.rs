//! `@fluent-org/logger` in its four modes with acknowledgements, with key, user and certificates on both sides; and
//! Python's `fluent-logger`.

use super::programs::{node, python};
use super::trial::{ALL, CONNECTED, Sent, Trial, again_max, check, free_address, number_in, time_of};
use crate::support::Place;
use crate::support::certificates::{certificates, demanded};

fn found(trial: &mut Trial, sent: &Sent, again_max: usize) {
    trial.stop();
    check(&trial.found("receiver=fluent tag=app.web"), again_max, number_in("n"), |n, record| {
        record["message"] == sent[&n]
            && record["_time"] == time_of(n)
            && record["host.name"] == format!("web-{}", n % 3)
            && record["peer"] == "127.0.0.1"
    });
}

fn by_node(mode: &str, with_security: bool) {
    let Some(mut client) = node("@fluent-org/logger", "fluent.cjs") else { return };
    let (place, listen) = (Place::new(), free_address());
    client.args([&listen.port().to_string(), mode]);
    let mut receiver = format!("[[receivers]]\nkind = \"fluent\"\nlisten = \"{listen}\"\n");
    if with_security {
        let folder = certificates(&place);
        let login = r#"{"clientHostname":"me","sharedKey":"s3cret","username":"ann","password":"pass"}"#;
        client.arg(format!("{{\"folder\":{:?},\"security\":{login}}}", folder.display().to_string()));
        receiver.push_str("shared_key = \"s3cret\"\nusers = { ann = \"pass\" }\n");
        receiver.push_str(&demanded(&folder));
    }
    let mut trial = Trial::at(place, free_address(), &receiver);
    let sent = trial.run(client, ALL, |_| ());
    found(&mut trial, &sent, again_max(ALL));
}

#[test]
fn message_mode() {
    by_node("Message", false);
}

#[test]
fn forward_mode() {
    by_node("Forward", false);
}

#[test]
fn packed_forward_mode() {
    by_node("PackedForward", false);
}

#[test]
fn compressed_packed_forward_mode() {
    by_node("CompressedPackedForward", false);
}

#[test]
fn key_user_and_certificates_on_both_sides() {
    by_node("PackedForward", true);
}

#[test]
fn fluent_logger_of_python() {
    let Some(mut client) = python("fluent.sender", "fluentd.py") else { return };
    let listen = free_address();
    let mut trial = Trial::new(&format!("[[receivers]]\nkind = \"fluent\"\nlisten = \"{listen}\"\n"));
    client.arg(listen.port().to_string());
    let query = "receiver=fluent";
    let sent = trial.run(client, CONNECTED, |trial| trial.settle(query, number_in("n")));
    found(&mut trial, &sent, again_max(CONNECTED));
}
