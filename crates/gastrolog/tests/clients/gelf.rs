//! gelf-pro over UDP and TCP, graypy and pygelf over UDP (whole, in chunks, compressed or not), TCP and HTTP. None of them waits for an answer.

use super::programs::{node, python};
use super::trial::{ARRIVED, CONNECTED, Fault, Trial, again_max, check, free_address, number_in};

fn gelf(kind: &str, faults: &[Fault]) {
    let Some(mut client) = python("graypy, pygelf", "gelf.py") else { return };
    let listen = free_address();
    let transport = kind.split('-').nth(1).unwrap();
    let mut trial = Trial::new(&format!("[[receivers]]\nkind = \"gelf\"\n{transport} = \"{listen}\"\n"));
    client.args([kind, &listen.port().to_string()]);
    let sent = trial.run(client, faults, |trial| trial.settle("*", number_in("_n")));
    trial.stop();
    check(&trial.found("receiver=gelf level=4"), again_max(faults), number_in("_n"), |n, record| {
        let text = record["full_message"].as_str().or(record["short_message"].as_str());
        text == Some(&sent[&n])
            && record["_time"] != record["_ingest"]
            && record["_spaced key"] == "v"
            && record["peer"] == "127.0.0.1"
            && record["parse_error"].is_null()
    });
}

fn gelf_pro(transport: &str, faults: &[Fault]) {
    let Some(mut client) = node("gelf-pro", "gelf.cjs") else { return };
    let listen = free_address();
    let mut trial = Trial::new(&format!("[[receivers]]\nkind = \"gelf\"\n{transport} = \"{listen}\"\n"));
    client.args([transport, &listen.port().to_string()]);
    let sent = trial.run(client, faults, |trial| trial.settle("*", number_in("_n")));
    trial.stop();
    check(&trial.found("receiver=gelf level=4"), again_max(faults), number_in("_n"), |n, record| {
        record["short_message"] == sent[&n]
            && record["_time"] != record["_ingest"]
            && record["_user_name"] == "ann"
            && record["peer"] == "127.0.0.1"
            && record["parse_error"].is_null()
    });
}

#[test]
fn gelf_pro_by_udp() {
    gelf_pro("udp", ARRIVED);
}

#[test]
fn gelf_pro_by_tcp() {
    gelf_pro("tcp", CONNECTED);
}

#[test]
fn graypy_by_udp() {
    gelf("graypy-udp", ARRIVED);
}

#[test]
fn graypy_by_udp_uncompressed() {
    gelf("graypy-udp-plain", ARRIVED);
}

#[test]
fn graypy_by_tcp() {
    gelf("graypy-tcp", CONNECTED);
}

#[test]
fn graypy_by_http() {
    gelf("graypy-http", &[]);
}

#[test]
fn pygelf_by_udp() {
    gelf("pygelf-udp", ARRIVED);
}

#[test]
fn pygelf_by_udp_uncompressed() {
    gelf("pygelf-udp-plain", ARRIVED);
}

#[test]
fn pygelf_by_tcp() {
    gelf("pygelf-tcp", CONNECTED);
}

#[test]
fn pygelf_by_http() {
    gelf("pygelf-http", &[]);
}
