//! Export requests of OTLP in both forms: limits hold, and every record is a line of JSON.

use gastrolog_net::wire::{put_bytes, put_varint};
use gastrolog_receiver_otlp::hostile;

use super::sound;
use crate::Target;

pub(crate) const TARGETS: &[Target] =
    &[Target::new("otlp_protobuf", protobuf, protobufs), Target::new("otlp_json", json, jsons)];

fn message(fields: &[(u32, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    fields.iter().for_each(|(number, bytes)| put_bytes(&mut out, *number, bytes));
    out
}

/// A record with a body of every kind of value, and deep ones.
fn protobufs() -> Vec<Vec<u8>> {
    let text = message(&[(1, b"card declined")]);
    let (mut number, mut truth) = (Vec::new(), Vec::new());
    put_varint(&mut number, 3, 42);
    put_varint(&mut truth, 2, 1);
    let list = message(&[(5, &message(&[(1, &text), (1, &number), (1, &truth)]))]);
    let pair = message(&[(1, b"user"), (2, &list)]);
    let map = message(&[(6, &message(&[(1, &pair)]))]);
    let mut record = message(&[(5, &map), (6, &pair), (9, &[7; 16]), (10, &[8; 8]), (3, b"ERROR")]);
    put_varint(&mut record, 2, 17);
    record.extend([0x09, 0, 0x2a, 0x3c, 0x5a, 0x1f, 0x4d, 0xea, 0x18]);
    let resource = message(&[(1, &message(&[(1, b"service.name"), (2, &text)]))]);
    let scope = message(&[(1, &message(&[(1, b"lib"), (2, b"1.0")])), (2, &record), (2, &record)]);
    let request = message(&[(1, &message(&[(1, &resource), (2, &scope)]))]);
    let deep = (0..40).fold(text, |inner, _| message(&[(5, &message(&[(1, &inner)]))]));
    let deep = message(&[(1, &message(&[(2, &message(&[(2, &message(&[(5, &deep)]))]))]))]);
    // Empty records: two bytes each.
    let empty = message(&[(1, &message(&[(2, &[0x12, 0].repeat(100))]))]);
    vec![request, deep, empty]
}

fn jsons() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"a","value":{"stringValue":"b"}}]},"scopeLogs":[{"scope":
        {"name":"s"},"logRecords":[{"timeUnixNano":"1544712660300000000","severityNumber":"SEVERITY_NUMBER_ERROR2",
        "traceId":"5B8EFFF798038103D269B633813FC60C","body":{"kvlistValue":{"values":[{"key":"k","value":
        {"arrayValue":{"values":[{"intValue":"7"},{"doubleValue":"NaN"}]}}}]}},"attributes":[{"key":"x"}],"odd":[1]}]}]}]}"#,
        r#"{"resource_logs":[{"scope_logs":[{"log_records":[{"body":{"stringValue":"\ud800"}},3,null,{"body":"bare"}]},7]}]}"#,
    ];
    texts.map(|t| t.as_bytes().to_vec()).to_vec()
}

fn protobuf(data: &[u8]) {
    check(false, data);
}

fn json(data: &[u8]) {
    check(true, data);
}

fn check(is_json: bool, data: &[u8]) {
    let Some(batch) = hostile::records(is_json, data) else { return };
    assert!(batch.len() <= hostile::RECORDS_MAX && batch.text.len() <= hostile::TEXT_BYTES_MAX);
    sound::check_json_lines(&batch);
}
