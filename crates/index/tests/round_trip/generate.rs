//! Records of all formats, well-formed and not, mixed as no sane sender would.

use gastrolog_types::Attributes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn bytes(text: impl Into<String>) -> Vec<u8> {
    Into::<String>::into(text).into_bytes()
}

fn time() -> impl Strategy<Value = String> {
    let part = |max: u32| 0..max;
    (0u8..8, 1..13u32, 1..29u32, part(24), part(60), part(60), 0..1000u32).prop_map(
        |(kind, month, day, h, m, s, ms)| match kind {
            0 => format!("2026-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z"),
            1 => format!("2026-{month:02}-{day:02} {h:02}:{m:02}:{s:02},{ms:03}"),
            2 => format!("{day:02}/Mar/2026:{h:02}:{m:02}:{s:02} +0200"),
            3 => format!("Oct {day:2} {h:02}:{m:02}:{s:02}"),
            4 => format!("17{:08}.{ms:03}", day * 86_400 + h * 3600 + m),
            5 => format!("2026-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}-05:30"),
            6 => format!("2026-13-{day:02}T{h:02}:{m:02}:{s:02}Z"),
            _ => format!("17{:011}", u64::from(day) * 86_400_000 + u64::from(ms)),
        },
    )
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,6}(\\.[0-9]{1,3})?",
        select(vec!["true", "null", "-", "GET", "error", "", "10.1.2.3", "x y", "/a/b?c=d&e=5", "=", "1e5"])
            .prop_map(str::to_owned),
        "[a-zé]{1,6}[0-9]{0,4}",
        "[0-9a-f]{16}",
        time(),
    ]
}

fn key() -> impl Strategy<Value = String> {
    select(vec![
        "ts", "time", "level", "msg", "user", "a.b", "", "id", "q\\\"k", "é", "t", "status", "time.x",
    ])
    .prop_map(str::to_owned)
}

fn json_string() -> impl Strategy<Value = String> {
    prop_oneof![
        scalar().prop_map(|s| format!("\"{s}\"")),
        select(vec![r#""a\nb""#, r#""\u00e9\\""#, r#""\"""#, r#""{\"k\":\"v 1\"}""#, r#""k=v n=5""#])
            .prop_map(str::to_owned),
    ]
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        json_string(),
        "-?[0-9]{1,9}(\\.[0-9]{1,4})?",
        select(vec!["true", "null", "{}", "[]", "1e5"]).prop_map(str::to_owned)
    ];
    let value = leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            vec((key(), inner.clone()), 0..5).prop_map(object),
            vec(inner, 0..4).prop_map(|v| format!("[{}]", v.join(", "))),
        ]
    });
    vec((key(), value), 0..6).prop_map(object)
}

fn object(members: Vec<(String, String)>) -> String {
    let members: Vec<String> = members.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
    format!("{{{}}}", members.join(","))
}

fn pairs() -> impl Strategy<Value = String> {
    let key = select(vec!["ts", "level", "msg", "a", "b.c", "user", "time", "n"]);
    let value = prop_oneof![
        scalar(),
        scalar().prop_map(|s| format!("\"{s}\"")),
        Just(r#""a \"b\" \n c\\""#.to_owned()),
        Just("'single'".to_owned())
    ];
    (vec((key, value), 1..6), select(vec![" ", ", ", "; "]))
        .prop_map(|(pairs, gap)| pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(gap))
}

fn access() -> impl Strategy<Value = String> {
    let request = prop_oneof![
        "(GET|POST) /[a-z]{1,3}/[0-9]{0,3} HTTP/1\\.[01]".prop_map(String::from),
        select(vec!["", "-", r#"GET /\"x HTTP/1.1"#, "GET /", r"\x16\x03"]).prop_map(str::to_owned)
    ];
    let tail = select(vec!["", r#" "-" "curl/8""#, r#" "-" "a \"b\"" rt=0.2 k=v"#, " \"http://a/\" \"b\" 5"]);
    (0u8..9, request, 100..600u32, 0..99_999u32, tail, time()).prop_map(|(a, request, status, n, tail, t)| {
        format!("10.0.0.{a} - - [{t}] \"{request}\" {status} {n}{tail}")
    })
}

fn syslog(message: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let data = select(vec![
        "-",
        r#"[a@1 k="v" n="5"]"#,
        r#"[a k="q\"\]\\"][b]"#,
        r#"[x time="2026-01-02T03:04:05Z"]"#,
    ]);
    (0u8..4, 0..191u32, time(), data, 0..9999u32, message).prop_map(|(kind, pri, t, data, pid, message)| {
        match kind {
            0 => format!("<{pri}>1 2026-02-03T04:05:06.7Z host app {pid} ID{pid} {data} {message}"),
            1 => format!("<{pri}>1 {t} - - - - {data} \u{feff}{message}"),
            2 => format!("<{pri}>Oct  3 04:05:06 host su[{pid}]: {message}"),
            _ => format!("Oct 13 04:05:06 web-1 kernel: [{pid}.5] {message}"),
        }
    })
}

fn free() -> impl Strategy<Value = String> {
    prop_oneof![
        (time(), 0..5000u32).prop_map(|(t, n)| format!("{t} [main] ERROR a.b.C - took {n} ms\r")),
        (time(), "[a-z]{1,5}").prop_map(|(t, w)| format!("[{t}] {w} went away at {t}")),
        (0..9999u32, 0..9u32).prop_map(|(n, m)| format!("user {n} did {m}.5 things to 10.0.{m}.1")),
        "[ -~]{0,30}",
    ]
}

/// One record.
pub(crate) fn record() -> BoxedStrategy<Vec<u8>> {
    let text = prop_oneof![free(), json(), pairs(), access()].boxed();
    prop_oneof![
        4 => json().prop_map(bytes),
        2 => pairs().prop_map(bytes),
        2 => access().prop_map(bytes),
        2 => syslog(text.clone()).prop_map(bytes),
        3 => free().prop_map(bytes),
        1 => (free(), text).prop_map(|(a, b)| format!("{a} {b}").into_bytes()),
        1 => vec(any::<u8>(), 0..50),
        1 => Just(Vec::new()),
    ]
    .boxed()
}

/// Records of which many resemble each other, some damaged.
pub(crate) fn records() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let similar = (record(), 1usize..60).prop_map(|(r, n)| vec![r; n]);
    let digits = |mut record: Vec<u8>, seed: u64| {
        // Another digit here and there makes other values in the same shape.
        let mut state = seed;
        for b in record.iter_mut().filter(|b| b.is_ascii_digit()) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if state >> 61 == 0 {
                *b = b'0' + (state >> 40) as u8 % 10;
            }
        }
        if state >> 58 == 1 && !record.is_empty() {
            let at = (state >> 8) as usize % record.len();
            record[at] = state as u8;
        }
        record
    };
    (vec(similar, 1..8), any::<u64>()).prop_map(move |(groups, seed)| {
        let mut all: Vec<Vec<u8>> = groups.into_iter().flatten().collect();
        // Interleaves the groups.
        let n = all.len().max(1);
        for i in 0..all.len() {
            all.swap(i, (seed as usize).wrapping_mul(i + 7) % n);
        }
        all.into_iter().enumerate().map(|(i, r)| digits(r, seed ^ (i as u64) << 20)).collect()
    })
}

/// A set of attributes; names also met as fields.
pub(crate) fn attributes() -> impl Strategy<Value = Attributes> {
    let name = select(vec!["host", "level", "source", "ts", "é"]);
    vec((name, vec(any::<u8>(), 0..6)), 0..4).prop_map(Attributes::new)
}
