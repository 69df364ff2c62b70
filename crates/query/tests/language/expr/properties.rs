//! Properties over generated trees.

use super::expr;
use crate::common::CONTEXT;
use gastrolog_query::{BinaryOperator, Expr, ExprFunction as F, Regex};
use gastrolog_types::{Timestamp, Value};
use proptest::prelude::*;

/// Functions with the numbers of arguments they take.
const FUNCTIONS: [(F, usize, usize); 48] = [
    (F::Coalesce, 1, 4),
    (F::If, 2, 3),
    (F::Case, 2, 5),
    (F::IsNull, 1, 1),
    (F::Abs, 1, 1),
    (F::Ceil, 1, 1),
    (F::Floor, 1, 1),
    (F::Round, 1, 2),
    (F::Sqrt, 1, 1),
    (F::Pow, 2, 2),
    (F::Exp, 1, 1),
    (F::Ln, 1, 1),
    (F::Log10, 1, 1),
    (F::Log2, 1, 1),
    (F::Min, 1, 4),
    (F::Max, 1, 4),
    (F::Int, 1, 1),
    (F::Number, 1, 1),
    (F::Lower, 1, 1),
    (F::Upper, 1, 1),
    (F::Trim, 1, 1),
    (F::Length, 1, 1),
    (F::Substring, 2, 3),
    (F::Replace, 3, 3),
    (F::Matches, 2, 2),
    (F::Contains, 2, 2),
    (F::StartsWith, 2, 2),
    (F::EndsWith, 2, 2),
    (F::Concat, 1, 4),
    (F::Split, 3, 3),
    (F::Text, 1, 1),
    (F::Time, 1, 1),
    (F::Unix, 1, 1),
    (F::Bin, 2, 2),
    (F::Year, 1, 1),
    (F::Month, 1, 1),
    (F::Day, 1, 1),
    (F::Hour, 1, 1),
    (F::Minute, 1, 1),
    (F::Second, 1, 1),
    (F::Weekday, 1, 1),
    (F::FormatTime, 2, 2),
    (F::Duration, 1, 1),
    (F::Size, 1, 1),
    (F::CidrMatch, 2, 2),
    (F::UrlDecode, 1, 1),
    (F::JsonGet, 2, 2),
    (F::Hash, 1, 1),
];

fn utf8() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\n\t]{0,6}",
        "\\PC{0,4}",
        "[-0-9.e]{0,6}",
        "[\"\\\\nt]{0,5}",
        prop::sample::select(vec![
            "true",
            "FALSE",
            "2026-03-04",
            "2026-03-04T10:20:30Z",
            "1h30m",
            "2MiB",
            "10.0.0.1",
            "10.0.0.0/8",
            "%Y-%m",
            "{\"a\":[1,\"x\"]}",
            "a[0]",
            "9223372036854775807",
            "-9223372036854775808",
            "1e308",
            "$1"
        ])
        .prop_map(str::to_owned),
    ]
}

/// What a query can say.
fn literal() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        utf8().prop_map(|text| Value::Text(text.into_bytes())),
        any::<i64>().prop_map(Value::Int),
        (-300i64..300).prop_map(Value::Int),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::Float),
        (-300i32..300).prop_map(|f| Value::Float(f64::from(f) / 4.0)),
        (i64::MIN + 1..=i64::MAX).prop_map(|ns| Value::Time(Timestamp(ns))),
    ]
}

/// What a row can hold.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        literal(),
        any::<f64>().prop_map(Value::Float),
        any::<i64>().prop_map(|ns| Value::Time(Timestamp(ns))),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Value::Text),
        prop::sample::select(vec![i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX]).prop_map(Value::Int),
    ]
}

fn operator() -> impl Strategy<Value = BinaryOperator> {
    use BinaryOperator as B;
    prop::sample::select(vec![
        B::Add,
        B::Subtract,
        B::Multiply,
        B::Divide,
        B::Remainder,
        B::Equal,
        B::NotEqual,
        B::Less,
        B::LessOrEqual,
        B::Greater,
        B::GreaterOrEqual,
        B::And,
        B::Or,
    ])
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-c]",
        1 => "[a-z@_][a-z0-9_.@\\[\\]]{0,4}",
        1 => utf8(),
        1 => prop::sample::select(vec!["and", "Or", "not", "true", "NULL", "now", "field", "if"]).prop_map(str::to_owned),
    ]
}

fn leaf() -> impl Strategy<Value = Expr> {
    prop_oneof![
        literal().prop_map(Expr::Literal),
        name().prop_map(Expr::Field),
        (1i64..1_000_000_000).prop_map(Expr::Duration),
        (1i64..1_000).prop_map(|n| Expr::Duration(n * 60_000_000_000)),
    ]
}

fn regex() -> impl Strategy<Value = Expr> {
    prop::sample::select(vec!["a", "(.)(?<x>.)", "^/x/", "(?s-u).", "\\d*", "[\"/|,)]"])
        .prop_map(|source| Expr::Regex(Regex::new(source).unwrap()))
}

fn tree() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(5, 32, 4, |inner| {
        let arguments = prop::collection::vec(inner.clone(), 5);
        prop_oneof![
            1 => inner.clone().prop_map(|e| Expr::Negate(Box::new(e))),
            1 => inner.clone().prop_map(|e| Expr::Not(Box::new(e))),
            4 => (operator(), inner.clone(), inner).prop_map(|(o, a, b)| Expr::Binary(o, Box::new(a), Box::new(b))),
            4 => (prop::sample::select(FUNCTIONS.to_vec()), arguments, prop::option::of(regex()), any::<prop::sample::Index>())
                .prop_map(|((function, least, most), mut arguments, regex, count)| {
                    arguments.truncate(least + count.index(most - least + 1));
                    match (function, regex) {
                        (F::Matches, None) => arguments[1] = Expr::Regex(Regex::new("a").unwrap()),
                        (F::Matches | F::Replace, Some(regex)) => arguments[1] = regex,
                        _ => {}
                    }
                    Expr::Call(function, arguments)
                }),
        ]
    })
}

/// Texts that a query would refuse in these places, or read as what they say, become fields.
fn as_parsed(expr: Expr) -> Expr {
    let boxed = |e: Box<Expr>| Box::new(as_parsed(*e));
    match expr {
        Expr::Negate(e) => Expr::Negate(boxed(e)),
        Expr::Not(e) => Expr::Not(boxed(e)),
        Expr::Binary(o, a, b) => Expr::Binary(o, boxed(a), boxed(b)),
        Expr::Call(function, arguments) => {
            let constant = match function {
                F::Time => Some(0),
                F::CidrMatch | F::FormatTime => Some(1),
                _ => None,
            };
            let keep = |(i, argument)| match as_parsed(argument) {
                Expr::Literal(Value::Text(_)) if constant == Some(i) => Expr::Field("a".into()),
                argument => argument,
            };
            Expr::Call(function, arguments.into_iter().enumerate().map(keep).collect())
        }
        leaf => leaf,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn printed_and_parsed_again_is_the_same(tree in tree().prop_map(as_parsed)) {
        let printed = tree.to_string();
        match Expr::parse(&printed, &CONTEXT) {
            Ok(again) => prop_assert_eq!(again, tree, "{}", printed),
            Err(error) => prop_assert!(false, "{}", error.render(&printed)),
        }
    }

    #[test]
    fn any_tree_on_any_values_has_a_value(tree in tree(), a in value(), b in value(), c in value()) {
        let field = |name: &str| match name {
            "a" => a.clone(),
            "b" => b.clone(),
            "c" => c.clone(),
            _ => Value::Null,
        };
        let first = tree.eval(&field);
        prop_assert_eq!(&first, &tree.eval(&field));
        match first {
            Value::Float(f) => prop_assert!(f.is_finite()),
            Value::Time(time) => prop_assert!(time.is_some()),
            Value::Text(text) => prop_assert!(text.len() <= 1 << 20),
            _ => {}
        }
    }

    #[test]
    fn functions_take_any_number_of_any_values(function in prop::sample::select(FUNCTIONS.to_vec()), values in prop::collection::vec(value(), 0..5)) {
        let arguments = values.iter().cloned().map(Expr::Literal).collect();
        Expr::Call(function.0, arguments).eval(&|_| Value::Null);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "([a-c =<>!()|,\"/\\\\*#.+%-]|[0-9]|and|or|not |abs\\(|5m|1e5|true|é){0,14}") {
        match Expr::parse(&text, &CONTEXT) {
            Ok(tree) => prop_assert_eq!(expr(&tree.to_string()), tree, "{}", text),
            Err(error) => prop_assert!(error.render(&text).contains('^')),
        }
    }
}

#[test]
fn prints_what_people_would_write() {
    for text in [
        "status >= 500 and not (path = \"/health\" or took < 5m)",
        "a + b * c - (d - e) / (f * g) % h",
        "-a * -(b + c) - -5",
        "a / (b / c)",
        "(a = b) = (c < d)",
        "not not a",
        "not a = b or c and (d or e)",
        "if(is_null(user), \"anon\", concat(lower(user), \"@\", field(\"host name\")))",
        "replace(path, /^\\/v[0-9]\\//, \"x$1\")",
        "time(\"2026-03-04T10:20:30Z\") - 90m",
        "round(x, 2) = 1.5",
        "true",
        "null",
    ] {
        assert_eq!(expr(text).to_string(), text);
    }
    assert_eq!(expr("A AND ((b)==c)oR Not(D)").to_string(), "A and b = c or not D");
}
