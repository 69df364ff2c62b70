//! Push requests of Loki: protobuf, plain and in snappy, and JSON.

use gastrolog_net::inflate::{Codec, InflateLimits, inflate};
use gastrolog_net::wire::{put_bytes, put_varint};
use gastrolog_receiver_loki::hostile;

use super::sound;
use crate::Target;
use crate::corpus::lines;

pub(crate) const TARGETS: &[Target] =
    &[Target::new("loki_protobuf", protobuf, protobufs), Target::new("loki_json", json, jsons)];

const LIMITS: InflateLimits = InflateLimits { bytes_max: 2 << 20, ratio_max: 20 };

fn request(labels: &str) -> Vec<u8> {
    let mut stream = Vec::new();
    put_bytes(&mut stream, 1, labels.as_bytes());
    for line in lines("app.log", 20) {
        let (mut time, mut entry, mut pair) = (Vec::new(), Vec::new(), Vec::new());
        put_varint(&mut time, 1, 1_700_000_000);
        put_varint(&mut time, 2, 5);
        put_bytes(&mut pair, 1, b"trace_id");
        put_bytes(&mut pair, 2, b"t1");
        put_bytes(&mut entry, 1, &time);
        put_bytes(&mut entry, 2, &line);
        put_bytes(&mut entry, 3, &pair);
        put_bytes(&mut stream, 2, &entry);
    }
    let mut request = Vec::new();
    put_bytes(&mut request, 1, &stream);
    request
}

/// A block of literals of up to 60 bytes: snappy without compression.
fn snappy(plain: &[u8]) -> Vec<u8> {
    let mut out = vec![1];
    let mut length = plain.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    for part in plain.chunks(60) {
        out.push((part.len() as u8 - 1) << 2);
        out.extend(part);
    }
    out
}

/// The first byte says whether snappy is around the rest.
fn protobufs() -> Vec<Vec<u8>> {
    let labels = r#"{job="a \"b\" \u00e9\x41", path=`C:\x`, __x="1"}"#;
    let odd = request("{job=");
    vec![[&[0], &request(labels)[..]].concat(), snappy(&request("{a=\"b\"}")), [&[0], &odd[..]].concat()]
}

fn jsons() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"streams":[{"stream":{"job":"a","n":1},"values":[["1700000000000000001","one"],["2","two",{"t":"x","job":"y"}]]}]}"#,
        r#"{"streams":[{"values":[["soon","x"],[1,2],"x",["1","a",[]],["1"]]},{"stream":{}}]}"#,
    ];
    texts.map(|t| t.as_bytes().to_vec()).to_vec()
}

fn protobuf(data: &[u8]) {
    let Some((&packed, rest)) = data.split_first() else { return };
    match packed & 1 {
        0 => check(false, rest),
        _ => {
            if let Ok(plain) = inflate(Codec::Snappy, rest, &LIMITS) {
                assert!(plain.len() <= LIMITS.bytes_max);
                check(false, &plain);
            }
        }
    }
}

fn json(data: &[u8]) {
    check(true, data);
}

fn check(is_json: bool, data: &[u8]) {
    let Some(batch) = hostile::records(is_json, data) else { return };
    assert!(batch.len() <= hostile::RECORDS_MAX);
    sound::check(&batch);
}
