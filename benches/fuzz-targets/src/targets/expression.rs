//! Expressions of `eval`: any tree on any values gives a value.

use gastrolog_query::{Expr, ParseContext, csv_values};
use gastrolog_types::{Timestamp, Value};

use super::past::NOW;
use super::tokens::text;
use crate::Target;

pub(crate) const TARGETS: &[Target] = &[
    Target::new("expression", run, seeds),
    Target::new("csv", csv, || vec![b"a,\"b \"\"c\"\"\",\n1,2,3\r\n".to_vec(), b"\"x\ny\",z".to_vec()]),
];

/// Longest text that a value may be; see `Expr::eval`.
const TEXT_BYTES_MAX: usize = 1 << 20;

fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "if(status >= 500, \"bad\", lower(method))",
        "bytes * 2 - duration_ms / 0 % 7",
        "replace(msg, /(\\w+) (\\w+)/, \"$2 $1\")",
        "coalesce(user.id, len(msg), null) + 1h30m",
        "substr(msg, -3, 2) == \"abc\" && not (status < 5)",
        "round(1e308 * bytes, 3)",
    ];
    texts.map(|t| t.as_bytes().to_vec()).to_vec()
}

fn value(name: &str) -> Value {
    match name {
        "status" => Value::Int(i64::MIN),
        "bytes" => Value::Text(b"9223372036854775807".to_vec()),
        "duration_ms" => Value::Float(f64::NAN),
        "msg" => Value::Text(b"\xff\x00 user \"a b\" {\"k\":[1,2]} 10.0.0.1".repeat(40)),
        "user" => Value::Text(b"1e999".to_vec()),
        "_time" => Value::Time(Timestamp(i64::MAX)),
        "level" => Value::Time(Timestamp::NONE),
        "method" => Value::Text("\u{130}GET\u{fdfa}".into()),
        _ => Value::Null,
    }
}

fn run(data: &[u8]) {
    let text = text(data);
    let context = ParseContext::utc(Timestamp(NOW));
    let expr = match Expr::parse(&text, &context) {
        Ok(expr) => expr,
        Err(error) => return drop(error.render(&text)),
    };
    let printed = expr.to_string();
    match Expr::parse(&printed, &context) {
        Ok(again) => assert_eq!(again.to_string(), printed),
        Err(error) => panic!("{text:?} is printed as\n{}", error.render(&printed)),
    }
    let first = expr.eval(&value);
    assert!(first.text().is_none_or(|t| t.len() <= TEXT_BYTES_MAX), "{printed}");
    assert_eq!(format!("{:?}", expr.eval(&value)), format!("{first:?}"), "{printed}");
}

fn csv(data: &[u8]) {
    let mut values = csv_values(data);
    let mut bytes = 0;
    for value in values.by_ref() {
        bytes += value.len();
    }
    assert!(bytes + values.rest().len() <= data.len());
}
