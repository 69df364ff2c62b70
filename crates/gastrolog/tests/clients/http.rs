//! Clients of the HTTP protocols, on the port of the API.

use std::process::Command;

use serde_json::Value as Json;

use super::programs::{node, python};
use super::trial::{ALL, Trial, again_max, check, number_in, time_of};

fn otlp(kind: &str) {
    let modules = format!("opentelemetry.exporter.otlp.proto.{kind}, opentelemetry.sdk");
    let Some(mut client) = python(&modules, "otlp.py") else { return };
    client.arg(kind);
    otlp_by(client, kind);
}

fn otlp_by(mut client: Command, kind: &str) {
    let mut trial = Trial::new("");
    client.arg(trial.address.to_string());
    let sent = trial.run(client, ALL, |_| ());
    trial.stop();
    let service = format!("sdk-{kind}");
    let found = trial.found(&format!("service.name={service} severity_text=error OR severity_number>=17"));
    check(&found, again_max(ALL), number_in("attributes.n"), |n, record| {
        record["body"] == sent[&n]
            && record["_time"] == time_of(n)
            && record["severity_number"] == "17"
            && record["service.name"] == service
            && record["resource.pid"] == "7"
            && record["attributes.http.method"] == "GET"
            && record["attributes.f"] == "0.5"
            && record["scope.name"] == "scope"
            && record["peer"] == "127.0.0.1"
    });
}

#[test]
fn opentelemetry_by_grpc() {
    otlp("grpc");
}

#[test]
fn opentelemetry_by_http() {
    otlp("http");
}

#[test]
fn opentelemetry_of_node_by_http_in_json() {
    let Some(client) = node("@opentelemetry/exporter-logs-otlp-http", "otlp.cjs") else { return };
    otlp_by(client, "node");
}

#[test]
fn python_logging_loki() {
    let Some(mut client) = python("logging_loki", "loki.py") else { return };
    let mut trial = Trial::new("");
    client.arg(trial.address.to_string());
    let sent = trial.run(client, ALL, |_| ());
    trial.stop();
    check(&trial.found("application=\"a b\" severity=error"), ALL.len(), number_in("n"), |n, record| {
        record["_text"] == sent[&n]
            && record["logger"] == "client"
            && record["_time"] != record["_ingest"]
            && record["peer"] == "127.0.0.1"
    });
}

#[test]
fn elasticsearch_bulk_helper() {
    let Some(mut client) = python("elasticsearch", "elastic.py") else { return };
    let mut trial = Trial::new("");
    client.arg(trial.address.to_string());
    let sent = trial.run(client, ALL, |_| ());
    trial.stop();
    check(&trial.found("_index=logs-app n>=0"), again_max(ALL), number_in("n"), |n, record| {
        record["message"] == sent[&n] && record["_time"] == time_of(n) && record["peer"] == "127.0.0.1"
    });
}

#[test]
fn winston_loki() {
    let Some(mut client) = node("winston-loki", "loki.cjs") else { return };
    let mut trial = Trial::new("");
    client.args(["winston", &trial.address.to_string()]);
    // It holds what was not acknowledged, and sends it again; that it does is all that it can be asked.
    let sent = trial.run(client, ALL, |trial| trial.settle("app=winston", number_in("n")));
    trial.stop();
    let is_right = |n: usize, record: &Json| record["_text"] == sent[&n] && record["level"] == "info";
    check(&trial.found("app=winston level=info"), again_max(ALL), number_in("n"), is_right);
}

#[test]
fn pino_loki() {
    let Some(mut client) = node("pino-loki", "loki.cjs") else { return };
    // It drops what it cannot send: it is not disturbed.
    let mut trial = Trial::new("");
    client.args(["pino", &trial.address.to_string()]);
    let sent = trial.run(client, &[], |trial| trial.settle("app=pino", number_in("n")));
    trial.stop();
    check(&trial.found("app=pino level=info"), 0, number_in("n"), |n, record| record["msg"] == sent[&n]);
}
