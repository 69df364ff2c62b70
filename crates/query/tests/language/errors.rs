//! Errors point at the place and say what was expected there.

use crate::common::CONTEXT;
use gastrolog_query::{QUERY_BYTES_MAX, parse};

fn check(text: &str, rendered: &str) {
    let error = parse(text, &CONTEXT).expect_err(text);
    let got = error.render(text);
    assert_eq!(got.trim_end(), rendered.trim_end(), "\ngot:\n{got}");
}

/// The part of the query that the error marks, and its message with what was expected.
fn at(text: &str) -> (&str, String) {
    let error = parse(text, &CONTEXT).expect_err(text);
    (&text[error.span.clone()], format!("{}: {}", error.message, error.expected))
}

#[test]
fn rendered() {
    check(
        "status=500 AND",
        r#"error: the query ends too early
  |
1 | status=500 AND
  |               ^ expected a condition: a word, a "phrase", field=value, or `(`
  = what is to be searched for as it stands goes in "quotes""#,
    );
    check(
        "error\n  (a OR b",
        "error: the query ends too early
  |
2 |   (a OR b
  |          ^ expected `)` for the `(` at character 9",
    );
    check(
        "é msg:\"x y\"",
        r#"error: unexpected `"`
  |
1 | é msg:"x y"
  |       ^ expected a space before it, or quotes around all of it
  = a field and its value are written field="some value", several values field in (a, b)"#,
    );
    check(
        "path=/^a(b/ x",
        "error: unclosed group
  |
1 | path=/^a(b/ x
  |         ^ expected a regular expression",
    );
    check(
        "last=1h OR error",
        r#"error: a time inside OR, where it cannot hold for the whole query
  |
1 | last=1h OR error
  | ^^^^^^^ expected it beside the other conditions of the query
  = write: last=1h (a OR b); a field of this name goes in quotes: "start"=x"#,
    );
    check(
        "error | stat count()",
        "error: unexpected `stat`
  |
1 | error | stat count()
  |         ^^^^ expected a stage: stats, sort, head, limit or fields",
    );
}

#[test]
fn places_and_expectations() {
    let table = [
        ("a )", ")", "unexpected `)`: no `)` where no `(` is open"),
        ("()", ")", "unexpected `)`: a condition"),
        ("OR a", "OR", "unexpected `OR`: a condition"),
        ("a OR OR b", "OR", "unexpected `OR`: a condition"),
        ("a AND", "", "the query ends too early: a condition"),
        ("NOT", "", "the query ends too early: a condition"),
        ("--help", "-", "`-` before nothing: -word"),
        ("!a", "!a", "unexpected `!a`: a condition"),
        ("\"abc", "\"", "a quote that is not closed: another"),
        ("\"\"", "\"\"", "an empty phrase: something"),
        ("a=", "", "the query ends too early: a value"),
        ("a==b", "=b", "unexpected `=b`: a value"),
        ("a=~b", "~b", "unexpected `~b`: a value"),
        ("a=(b OR c)", "(", "unexpected `(`: a value"),
        ("a>b*", "b*", "a pattern cannot be compared by size: a number or text"),
        ("a!=*", "*", "no value differs from `*`: a value"),
        ("a in ()", ")", "unexpected `)`: a value"),
        ("a in (b c)", "c", "unexpected `c`: `,` or `)`"),
        ("a in (b*)", "b*", "a pattern in a list: a plain value"),
        ("a in (/b/)", "/b/", "a pattern in a list: a plain value"),
        ("a not in (b)", "not in", "`not in` is not an operator: NOT before the field"),
        ("a=\"b\"c", "c", "unexpected `c`: a space"),
        ("f(x)", "(", "unexpected `(`: a space"),
        ("/var/log", "/", "a `/` that ends the regular expression too early: `\\/`"),
        ("/abc", "/abc", "a regular expression that is not closed: another `/`"),
        (
            "a /x{1000000}/",
            "x{1000000}",
            "the regular expression takes more than 1048576 bytes when compiled",
        ),
        ("last=soon", "soon", "`soon` cannot be read: a duration"),
        ("last=", "", "the query ends too early: a duration"),
        ("start=2026", "2026", "`2026` cannot be read: a time"),
        ("start>5", ">", "`start` is a bound of time: `=`"),
        ("NOT last=1h", "last=1h", "a time inside NOT"),
        ("a (b OR start=now)", "start=now", "a time inside OR"),
        ("* |", "", "the query ends too early: a stage"),
        ("* | stats", "", "the query ends too early: a function"),
        ("* | stats total(x)", "total", "unexpected `total`: a function"),
        ("* | stats sum()", ")", "unexpected `)`: the name of a field"),
        ("* | stats sum", "", "the query ends too early: `(` and a field"),
        ("* | stats quantile(95, x)", "95", "unexpected `95`: a number from 0 to 1"),
        ("* | stats p101(x)", "p101", "unexpected `p101`: a function"),
        ("* | stats count() by", "", "the query ends too early: the name of a field, or bin(5m)"),
        ("* | stats count() by bin(5)", "5", "`5` cannot be read: a duration"),
        ("* | stats count(), count()", "count()", "two columns named `count`: another name"),
        ("* | stats count() name", "name", "unexpected `name`: `,`, `by`, `as` or `|`"),
        ("* | sort", "", "the query ends too early: a field or aggregate"),
        ("* | sort -a desc", "desc", "unexpected `desc`: either"),
        ("* | head ten", "ten", "unexpected `ten`: how many rows"),
        ("* | fields a*", "a*", "a pattern in place of a name: the name"),
    ];
    for (text, marked, message) in table {
        let (got, said) = at(text);
        assert_eq!(got, marked, "{text}: {said}");
        assert!(said.starts_with(message), "{text}: {said}");
    }
}

#[test]
fn limits_are_errors() {
    let refused = |text: &str| at(text).1;
    assert!(refused(&"(".repeat(60_000)).starts_with("parentheses and NOT nested more than 128 deep"));
    assert!(refused(&"NOT ".repeat(1_000)).starts_with("parentheses and NOT nested"));
    assert!(refused(&"-(".repeat(10_000)).starts_with("parentheses and NOT nested"));
    assert!(refused(&"(".repeat(1_000_000)).starts_with("a query of 1000000 bytes"));
    assert!(refused(&"a=/b/ ".repeat(65)).starts_with("more than 64 regular expressions"));
    let deep = format!("{}a{}", "(".repeat(120), ")".repeat(120));
    assert!(parse(&deep, &CONTEXT).is_ok());
    let long = "a ".repeat(QUERY_BYTES_MAX / 2);
    assert!(parse(&long, &CONTEXT).is_ok());
}

#[test]
fn long_lines_are_cut_and_control_characters_kept_out() {
    let text = format!("{} \u{1b}[31m= ", "word ".repeat(100));
    let rendered = parse(&text, &CONTEXT).unwrap_err().render(&text);
    assert!(rendered.lines().all(|line| line.chars().count() < 200), "{rendered}");
    assert!(!rendered.contains('\u{1b}'));
}
