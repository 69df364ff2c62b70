//! Random records: of all formats, odd ones, and hostile ones.

use gastrolog_types::Attributes;
use proptest::prelude::*;

use super::NOW;

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) text: Vec<u8>,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) ingest: i64,
    pub(super) source: Option<i64>,
}

pub(super) fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("error".to_owned()),
        Just("Error".to_owned()),
        Just("timeout".to_owned()),
        Just("user".to_owned()),
        Just("500".to_owned()),
        Just("42".to_owned()),
        Just("007".to_owned()),
        Just("deadbeefdeadbeef".to_owned()),
        Just("café".to_owned()),
        Just("10.0.0.1".to_owned()),
        "[a-c]{1,3}",
        "[0-9]{1,4}",
    ]
}

pub(super) fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        word(),
        "[0-9]{1,3}\\.[0-9]{1,2}",
        Just("-1".to_owned()),
        Just("1.0".to_owned()),
        Just("-2.5e-3".to_owned()),
        Just("7e20".to_owned()),
        Just("true".to_owned()),
        Just("/a/b.html".to_owned()),
        Just("a b".to_owned()),
        Just(String::new()),
        wide_number(),
        of_a_kind(),
    ]
}

/// Numbers about the largest of 64 bits, which as floats would be the same.
fn wide_number() -> impl Strategy<Value = String> {
    let numbers = prop::sample::select(vec![
        "9223372036854775807",
        "9223372036854775808",
        "13898745563721341952",
        "13898745563721341953",
        "18446744073709551615",
        "18446744073709551616.0",
        "99999999999999999999999999999999999999",
    ]);
    numbers.prop_map(str::to_owned)
}

/// Values that filters compare by what they are worth.
pub(super) fn of_a_kind() -> impl Strategy<Value = String> {
    let other = prop::sample::select(vec![
        "1s",
        "1000ms",
        "1.5s",
        "1h30m",
        "90m",
        "1KB",
        "1000B",
        "1KiB",
        "2026-11-10",
        "2026-11-10T00:00:00Z",
        "2026-11-10T01:00:00+01:00",
        "v1.2",
        "1.2.0",
        "1.10.0",
        "1.2.0-rc1",
        "warn",
        "WARNING",
        "err",
        "info",
        "::1",
    ]);
    prop_oneof![other.prop_map(str::to_owned), "10\\.0\\.[01]\\.[0-9]{1,2}", "[1-3]{1,2}(ms|s|m|B|KB)"]
}

pub(super) fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("status"),
        Just("method"),
        Just("level"),
        Just("user.id"),
        Just("path"),
        Just("host"),
        Just("msg"),
        Just("k-1")
    ]
    .prop_map(str::to_owned)
}

pub(super) fn time() -> impl Strategy<Value = String> {
    (0u32..24, 0u32..60, 0u32..60).prop_map(|(h, m, s)| format!("2026-11-10T{h:02}:{m:02}:{s:02}Z"))
}

pub(super) fn text() -> impl Strategy<Value = Vec<u8>> {
    let json_value = prop_oneof![
        value().prop_map(|v| format!("{v:?}")),
        Just("\"a\\nb \\u00e9 \\\"q\\\"\"".to_owned()),
        (0u32..600).prop_map(|n| n.to_string()),
        Just("null".to_owned()),
        proptest::collection::vec(value(), 0..3).prop_map(|v| format!("{v:?}")),
        (key(), value()).prop_map(|(k, v)| format!("{{{k:?}:{v:?}}}")),
    ];
    let json = proptest::collection::vec((key(), json_value), 0..5).prop_map(|pairs| {
        let members: Vec<String> = pairs.iter().map(|(k, v)| format!("{k:?}:{v}")).collect();
        format!("{{{}}}", members.join(","))
    });
    let logfmt = || {
        proptest::collection::vec((key(), value()), 1..5).prop_map(|pairs| {
            let quoted =
                |v: &str| if v.is_empty() || v.contains(' ') { format!("{v:?}") } else { v.to_owned() };
            pairs.iter().map(|(k, v)| format!("{k}={}", quoted(v))).collect::<Vec<_>>().join(" ")
        })
    };
    let apache = (
        0u32..4,
        "(GET|POST)",
        "/[a-c]{1,2}(/[0-9]{1,3})?",
        prop_oneof![Just(200), Just(404), Just(500)],
        0u32..70_000,
    )
        .prop_map(|(ip, m, p, s, b)| {
            format!(
                "10.0.0.{ip} - - [10/Nov/2026:13:55:36 +0000] \"{m} {p} HTTP/1.1\" {s} {b} \"-\" \"curl/8.5\""
            )
        });
    let syslog =
        (0u32..192, word(), word(), any::<bool>(), logfmt()).prop_map(|(pri, host, msg, nested, kv)| {
            let rest = if nested { kv } else { msg };
            format!(
                "<{pri}>1 2026-11-10T10:00:00.5Z {host} app 77 - [id@1 status=\"500\" x=\"a\\]b\"] {rest}"
            )
        });
    let free = (proptest::option::of(time()), proptest::collection::vec(word(), 0..6))
        .prop_map(|(t, words)| format!("{}{}", t.map(|t| t + " ").unwrap_or_default(), words.join(" ")));
    let kv = (word(), key(), value()).prop_map(|(w, k, v)| format!("{w} took {k}={v}, done"));
    prop_oneof![
        3 => json.prop_map(String::into_bytes),
        3 => logfmt().prop_map(String::into_bytes),
        3 => apache.prop_map(String::into_bytes),
        2 => syslog.prop_map(String::into_bytes),
        3 => free.prop_map(String::into_bytes),
        2 => kv.prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
        1 => Just(Vec::new()),
    ]
}

pub(crate) fn line() -> impl Strategy<Value = Line> {
    let attribute = prop_oneof![Just("host"), Just("status"), Just("file")].prop_map(str::to_owned);
    let attributes = proptest::collection::vec((attribute, value()), 0..3);
    (text(), attributes, 0i64..1000, proptest::option::weighted(0.1, 0i64..1000)).prop_map(
        |(text, attributes, ingest, source)| Line {
            text,
            attributes,
            ingest: NOW + ingest * 1_000_000_000,
            source: source.map(|s| NOW - s * 1_000_000_000),
        },
    )
}

pub(crate) fn attributes_of(line: &Line) -> Attributes {
    Attributes::new(line.attributes.iter().map(|(k, v)| (k.as_str(), v.as_bytes())))
}
