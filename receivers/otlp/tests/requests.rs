//! Requests over gRPC and HTTP, made with the published protobuf types, against what is stored.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

#[path = "../../../crates/net/testing/web.rs"]
mod web;

use std::time::{Duration, Instant};

use gastrolog_ingest::testing::MemorySink;
use gastrolog_net::web::WebLimits;
use gastrolog_receiver_otlp::{OtlpConfig, OtlpIngest};
use gastrolog_types::Timestamp;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use serde_json::{Value as Json, json};
use tonic::codec::CompressionEncoding;
use web::{Running, attribute, awkward, start};

const PROTOBUF: &str = "Content-Type: application/x-protobuf";
const JSON: &str = "Content-Type: application/json";
const BASE_NS: u64 = 1_700_000_000_000_000_000;

fn run(sink: MemorySink) -> Running {
    start(sink, |sink, clock| OtlpIngest::new(OtlpConfig::default(), sink, clock))
}

fn any(value: Value) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.into(), value: any(value), ..KeyValue::default() }
}

fn text(text: &str) -> Value {
    Value::StringValue(text.into())
}

fn record(i: usize) -> LogRecord {
    LogRecord {
        time_unix_nano: BASE_NS + i as u64,
        observed_time_unix_nano: BASE_NS + 5,
        severity_number: 17,
        severity_text: "ERROR".into(),
        body: any(text(&awkward(i))),
        attributes: vec![
            pair("http.method", text("GET")),
            pair("n", Value::IntValue(i64::MIN)),
            pair("f", Value::DoubleValue(3.0)),
            pair("nan", Value::DoubleValue(f64::NAN)),
            pair("yes", Value::BoolValue(true)),
            pair("raw", Value::BytesValue(vec![0, 255])),
            pair(
                "list",
                Value::ArrayValue(ArrayValue { values: vec![any(text("a")).unwrap(), AnyValue::default()] }),
            ),
            pair("map", Value::KvlistValue(KeyValueList { values: vec![pair("k", text("v"))] })),
        ],
        trace_id: (0..16).collect(),
        span_id: vec![0xAB; 8],
        flags: 1,
        dropped_attributes_count: 2,
        event_name: "e".into(),
    }
}

fn request(records: impl IntoIterator<Item = LogRecord>) -> ExportLogsServiceRequest {
    let scope = InstrumentationScope {
        name: "lib".into(),
        version: "1.0".into(),
        attributes: vec![pair("sa", text("x"))],
        dropped_attributes_count: 0,
    };
    let resource = Resource {
        attributes: vec![pair("service.name", text("check out")), pair("pid", Value::IntValue(7))],
        ..Resource::default()
    };
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource),
            scope_logs: vec![ScopeLogs {
                scope: Some(scope),
                log_records: records.into_iter().collect(),
                schema_url: "urn:s".into(),
            }],
            schema_url: "urn:r".into(),
        }],
    }
}

/// What `record(i)` becomes.
fn line(i: usize) -> Json {
    json!({
        "time_unix_nano": BASE_NS + i as u64, "observed_time_unix_nano": BASE_NS + 5,
        "severity_text": "ERROR", "severity_number": 17, "event_name": "e", "body": awkward(i),
        "trace_id": "000102030405060708090a0b0c0d0e0f", "span_id": "abababababababab",
        "attributes": {"http.method": "GET", "n": i64::MIN, "f": 3.0, "nan": "NaN", "yes": true, "raw": "AP8=",
                       "list": ["a", null], "map": {"k": "v"}},
        "flags": 1, "dropped_attributes_count": 2,
        "resource": {"service.name": "check out", "pid": 7}, "resource_schema_url": "urn:r",
        "scope": {"name": "lib", "version": "1.0", "attributes": {"sa": "x"}}, "scope_schema_url": "urn:s",
    })
}

fn check_thousand(running: &Running) {
    let records = running.sink.records();
    assert_eq!(records.len(), 1000);
    for (i, record) in records.iter().enumerate() {
        assert_eq!(serde_json::from_slice::<Json>(&record.text).unwrap(), line(i));
        assert!(!record.text.contains(&b'\n'));
        assert_eq!(record.source, Timestamp((BASE_NS + i as u64) as i64));
        assert_eq!(record.ingest, web::NOW);
        for (name, value) in
            [("receiver", "otlp"), ("peer", "127.0.0.1"), ("service.name", "check out"), ("pid", "7")]
        {
            assert_eq!(attribute(record, name).as_deref(), Some(value));
        }
    }
}

#[test]
fn a_thousand_by_protobuf() {
    let running = run(MemorySink::new());
    let reply = running.post("/v1/logs", &[PROTOBUF], &request((0..1000).map(record)).encode_to_vec());
    assert_eq!((reply.status, &reply.body[..]), (200, &b""[..]));
    assert!(reply.head.contains("content-type: application/x-protobuf"));
    check_thousand(&running);
    assert_eq!(running.stop().parse_errors, 0);
}

#[test]
fn a_thousand_by_json() {
    // The serde of the published types cannot write NaN, so the tolerant spelling is put in by hand.
    let plain = (0..1000).map(|i| {
        let mut record = record(i);
        record.attributes[3] = pair("nan", text("NaN"));
        record
    });
    let running = run(MemorySink::new());
    let reply = running.post("/v1/logs", &[JSON], &serde_json::to_vec(&request(plain)).unwrap());
    assert_eq!((reply.status, &reply.body[..]), (200, &b"{}"[..]));
    check_thousand(&running);
    running.stop();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_thousand_by_grpc_plain_and_compressed() {
    for encoding in [None, Some(CompressionEncoding::Gzip), Some(CompressionEncoding::Zstd)] {
        let running = run(MemorySink::new());
        let url = format!("http://{}", running.addr);
        let answer = runtime().block_on(async {
            let mut client = LogsServiceClient::connect(url).await.unwrap();
            if let Some(encoding) = encoding {
                client = client.send_compressed(encoding);
            }
            client.export(request((0..1000).map(record))).await.unwrap().into_inner()
        });
        assert_eq!(answer.partial_success, None);
        check_thousand(&running);
        running.stop();
    }
}

#[test]
fn a_store_that_is_away_is_told_with_a_time_to_come_again() {
    let running = run(MemorySink::new().fail_next(3));
    let body = request([record(1)]).encode_to_vec();
    let reply = running.post("/v1/logs", &[PROTOBUF], &body);
    assert_eq!(reply.status, 503);
    assert!(reply.head.contains("retry-after: 1"), "{}", reply.head);
    let reply = running.post("/v1/logs", &[JSON], &serde_json::to_vec(&request([])).unwrap());
    assert_eq!(reply.status, 200, "nothing to store needs no store");
    let url = format!("http://{}", running.addr);
    let status = runtime().block_on(async {
        let mut client = LogsServiceClient::connect(url).await.unwrap();
        let first = client.export(request([record(1)])).await.unwrap_err();
        let second = client.export(request([record(1)])).await.unwrap_err();
        assert_eq!(first.code(), second.code());
        client.export(request([record(1)])).await.unwrap();
        first
    });
    assert_eq!(status.code(), tonic::Code::Unavailable);
    assert!(status.message().contains("try again"), "{status:?}");
    let info = b"type.googleapis.com/google.rpc.RetryInfo\x12\x04\x0a\x02\x08\x01";
    assert!(status.details().windows(info.len()).any(|w| w == info), "{status:?}");
    assert_eq!(running.sink.len(), 1);
    let counts = running.stop();
    assert_eq!((counts.faults, counts.parse_errors), (3, 0));
}

#[test]
fn bad_data_is_told_in_the_type_of_the_request() {
    let running = run(MemorySink::new().refuse_texts_with(b"never"));
    let reply = running.post("/v1/logs", &[PROTOBUF], b"\x0a\xff\x01x");
    assert_eq!(reply.status, 400);
    assert_eq!(&reply.body[..2], [0x08, 3], "a status with its code");
    for body in ["[1]", "{", "{\"resourceLogs\":7}", "nonsense"] {
        let reply = running.post("/v1/logs", &[JSON], body.as_bytes());
        let status: Json = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((reply.status, &status["code"]), (400, &json!(3)), "{body}");
    }
    let mut never = record(1);
    never.body = any(text("never"));
    assert_eq!(running.post("/v1/logs", &[PROTOBUF], &request([never]).encode_to_vec()).status, 400);
    assert_eq!(running.post("/v1/logs", &[PROTOBUF, "Content-Encoding: br"], b"").status, 415);
    assert_eq!(running.stop().parse_errors, 7);
}

#[test]
fn limits() {
    let web = WebLimits { body_bytes_max: 100_000, ..WebLimits::default() };
    let config = OtlpConfig { web, records_max: 5000, text_bytes_max: 50_000, ..OtlpConfig::default() };
    let running = start(MemorySink::new(), |sink, clock| OtlpIngest::new(config, sink, clock));
    let post = |records: usize| {
        let records = (0..records).map(|_| LogRecord::default());
        running.post("/v1/logs", &[PROTOBUF], &request(records).encode_to_vec()).status
    };
    assert_eq!(post(100), 200);
    assert_eq!(post(1000), 413, "the resource is part of each line");
    let bare = |n: usize| {
        let scope_logs = ScopeLogs { log_records: vec![LogRecord::default(); n], ..ScopeLogs::default() };
        let logs = ResourceLogs { scope_logs: vec![scope_logs], ..ResourceLogs::default() };
        ExportLogsServiceRequest { resource_logs: vec![logs] }.encode_to_vec()
    };
    assert_eq!(running.post("/v1/logs", &[PROTOBUF], &bare(5000)).status, 200);
    assert_eq!(running.post("/v1/logs", &[PROTOBUF], &bare(5001)).status, 413);
    assert_eq!(running.post("/v1/logs", &[PROTOBUF], &vec![0; 100_001]).status, 413);
    assert_eq!(running.sink.len(), 5100);
    running.stop();
}

#[test]
fn too_much_at_once_is_told_to_wait() {
    let web = WebLimits {
        memory_bytes: 4096,
        body_bytes_max: 4096,
        wait: Duration::from_millis(50),
        ..WebLimits::default()
    };
    let config = OtlpConfig { web, ..OtlpConfig::default() };
    let running = start(MemorySink::new(), |sink, clock| OtlpIngest::new(config, sink, clock));
    let body = request([LogRecord::default()]).encode_to_vec();
    let replies: Vec<u16> = std::thread::scope(|scope| {
        // The one waits for the store until the other has its answer.
        let held = running.sink.hold();
        let both = [(); 2].map(|()| scope.spawn(|| running.post("/v1/logs", &[PROTOBUF], &body)));
        let begun = Instant::now();
        while !both.iter().any(|t| t.is_finished()) && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(held);
        both.map(|t| t.join().unwrap().status).into()
    });
    assert!(replies.contains(&200) && replies.contains(&429), "{replies:?}");
    running.stop();
}
