//! Bulk requests against what is stored and answered.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

#[path = "../../../crates/net/testing/web.rs"]
mod web;

use gastrolog_ingest::testing::MemorySink;
use gastrolog_receiver_elastic::{ElasticConfig, ElasticIngest};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use web::{Reply, Running, attribute, awkward, start};

const NDJSON: &str = "Content-Type: application/vnd.elasticsearch+x-ndjson; compatible-with=9";

fn run(sink: MemorySink) -> Running {
    start(sink, |sink, clock| ElasticIngest::new(ElasticConfig::default(), sink, clock))
}

fn read(reply: &Reply) -> Json {
    assert!(reply.head.contains("x-elastic-product: elasticsearch"), "{}", reply.head);
    serde_json::from_slice(&reply.body).unwrap()
}

fn document(i: usize) -> String {
    json!({"@timestamp": "2026-11-21T00:00:00Z", "n": i, "message": awkward(i)}).to_string()
}

#[test]
fn a_thousand() {
    let running = run(MemorySink::new());
    let body: String = (0..1000)
        .map(|i| format!("{{\"index\":{{\"_index\":\"logs-{}\"}}}}\n{}\n", i % 2, document(i)))
        .collect();
    let reply = running.post("/_bulk?filter_path=items", &[NDJSON], body.as_bytes());
    assert_eq!(reply.status, 200);
    assert!(reply.body.starts_with(b"{\"took\":0,\"errors\":false,\"items\":[{\"index\":{"));
    let answer = read(&reply);
    let records = running.sink.records();
    assert_eq!((records.len(), answer["items"].as_array().unwrap().len()), (1000, 1000));
    for (i, record) in records.iter().enumerate() {
        let index = format!("logs-{}", i % 2);
        assert_eq!(record.text, document(i).into_bytes());
        for (name, value) in [("receiver", "elastic"), ("peer", "127.0.0.1"), ("_index", &index)] {
            assert_eq!(attribute(record, name).as_deref(), Some(value));
        }
        let item = &answer["items"][i]["index"];
        assert_eq!(
            (&item["status"], &item["_seq_no"], &item["_index"]),
            (&json!(201), &json!(i), &json!(index))
        );
    }
    assert_eq!(running.stop().parse_errors, 0);
}

#[test]
fn ids_the_index_of_the_path_and_odd_documents() {
    let running = run(MemorySink::new());
    let body = concat!(
        "{\"create\":{\"_id\":\"a1\"}}\n{\"x\":1}\n",
        "\n{\"index\":{\"_index\":\"other\",\"_id\":7}}\r\n{\"x\":2}\r\n",
        "{\"index\":{}}\nnot json\n",
        "{\"update\":{\"_id\":\"u\"}}\n{\"doc\":{}}\n",
        "{\"delete\":{\"_id\":\"d\"}}\n",
        "{\"index\":{}}\n[3]\n{\"index\":{}}\n{\"last\":\"without LF\"}",
    );
    let reply = running.send(
        "PUT",
        "/logs/_bulk",
        &[NDJSON, &format!("Content-Length: {}", body.len())],
        body.as_bytes(),
    );
    let answer = read(&reply);
    assert_eq!((reply.status, &answer["errors"]), (200, &json!(true)));
    let said: Vec<String> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let (verb, item) = item.as_object().unwrap().iter().next().unwrap();
            format!("{verb} {} {}", item["_index"].as_str().unwrap(), item["status"])
        })
        .collect();
    let wanted = [
        "create logs 201",
        "index other 201",
        "index logs 201",
        "update logs 400",
        "delete logs 400",
        "index logs 201",
        "index logs 201",
    ];
    assert_eq!(said, wanted);
    let records = running.sink.records();
    let texts: Vec<_> = records.iter().map(|r| String::from_utf8_lossy(&r.text)).collect();
    assert_eq!(texts, ["{\"x\":1}", "{\"x\":2}\r", "not json", "[3]", "{\"last\":\"without LF\"}"]);
    let ids: Vec<_> = records.iter().map(|r| attribute(r, "_id")).collect();
    assert_eq!(ids, [Some("a1".into()), Some("7".into()), None, None, None]);
    let odd: Vec<_> = records.iter().map(|r| attribute(r, "parse_error").is_some()).collect();
    assert_eq!(odd, [false, false, true, true, false]);
    assert_eq!(running.stop().parse_errors, 2);
}

#[test]
fn a_store_that_is_away_refuses_all_of_it_with_429() {
    let running = run(MemorySink::new().fail_next(1));
    let body = "{\"index\":{\"_index\":\"a\"}}\n{}\n".repeat(10);
    let reply = running.post("/_bulk", &[NDJSON], body.as_bytes());
    assert_eq!(reply.status, 429);
    assert!(reply.head.contains("retry-after: 1"));
    let answer = read(&reply);
    assert_eq!(
        (&answer["status"], &answer["error"]["type"]),
        (&json!(429), &json!("es_rejected_execution_exception"))
    );
    assert!(answer.get("items").is_none() && running.sink.is_empty());
    assert_eq!(running.post("/_bulk", &[NDJSON], body.as_bytes()).status, 200);
    assert_eq!(running.stop().stored, 10);
}

#[test]
fn a_broken_action_spoils_the_request() {
    let running = run(MemorySink::new());
    for body in [
        "{\"index\":{\"_index\":\"a\"}}\n{}\nnonsense\n",
        "{\"index\":{}}\n{}\n",
        "{\"index\":{\"_index\":\"a\"}}\n",
        "{\"fly\":{\"_index\":\"a\"}}\n{}\n",
        "{}\n{}\n",
        "[1]\n{}\n",
        "{\"index\":5}\n{}\n",
        "\u{0}\n",
    ] {
        let reply = running.post("/_bulk", &[NDJSON], body.as_bytes());
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(read(&reply)["status"], 400);
    }
    assert!(running.sink.is_empty());
    let config = ElasticConfig { actions_max: 2, ..ElasticConfig::default() };
    let small = start(MemorySink::new(), |sink, clock| ElasticIngest::new(config, sink, clock));
    let body = "{\"index\":{\"_index\":\"a\"}}\n{}\n";
    assert_eq!(small.post("/_bulk", &[NDJSON], body.repeat(3).as_bytes()).status, 413);
    assert_eq!(small.post("/_bulk", &[NDJSON], body.repeat(2).as_bytes()).status, 200);
    small.stop();
    assert_eq!(running.stop().parse_errors, 8);
}

#[test]
fn what_clients_ask_first() {
    let running = run(MemorySink::new());
    for (method, path) in [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/_license"),
        ("GET", "/_ilm/policy/logs"),
        ("PUT", "/_ilm/policy/logs"),
        ("HEAD", "/_index_template/logs"),
        ("PUT", "/_index_template/logs"),
        ("GET", "/_ingest/pipeline"),
        ("PUT", "/_ingest/pipeline/a"),
        ("GET", "/_nodes"),
        ("GET", "/_nodes/_all/http"),
        ("GET", "/_cluster/health"),
        ("HEAD", "/logs"),
        ("PUT", "/logs"),
    ] {
        let reply = running.send(method, path, &["Content-Length: 2"], b"{}");
        assert_eq!(reply.status, 200, "{method} {path}");
        if method == "HEAD" {
            assert!(reply.head.contains("x-elastic-product: elasticsearch"), "{path}");
        } else {
            assert!(read(&reply).is_object(), "{path}");
        }
    }
    assert_eq!(read(&running.send("GET", "/", &[], b""))["version"]["number"], "9.1.0");
    running.stop();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_lines_are_answered_one_for_one(lines in proptest::collection::vec("\\{\"index\":\\{\\}\\}|\\{\"delete\":\\{\\}\\}|[ -~]{0,20}", 0..20)) {
        let running = run(MemorySink::new());
        let reply = running.post("/i/_bulk", &[NDJSON], lines.join("\n").as_bytes());
        let answer = read(&reply);
        match reply.status {
            200 => {
                let items = answer["items"].as_array().unwrap();
                let stored = items.iter().filter(|item| item.get("index").is_some()).count();
                prop_assert_eq!(stored, running.sink.len());
            }
            status => prop_assert!(status == 400 && running.sink.is_empty()),
        }
        running.stop();
    }
}
