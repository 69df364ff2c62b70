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
  |         ^^^^ expected a stage: stats, timechart, top, rare, where, eval, extract, parse, fields, rename, sort, head, limit, tail, dedup, sample, context, patterns, new, lookup, join
  = did you mean `stats`?",
    );
    check(
        "* | stats count() as n, p99(took) by host | where nn>5",
        "error: no column `nn` comes out of the stages before
  |
1 | * | stats count() as n, p99(took) by host | where nn>5
  |                                                   ^^ expected one of: host, n, p99(took)
  = did you mean `n`?",
    );
    check(
        "a | stats rate() by host",
        "error: a rate of no known span of time
  |
1 | a | stats rate() by host
  |           ^^^^ expected a query with a start, or groups by time
  = add last=1h to the query or by bin(5m) to the stage",
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
        ("a<10.0.0.0/8", "10.0.0.0/8", "a net cannot be compared by size"),
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
        ("* | fields a, b, a", "a", "two columns named `a`"),
        ("* | stats values(a, x)", "x", "unexpected `x`: how many values"),
        ("* | stats count() by bin(a, 0)", "0", "`0` cannot be read: a width larger than 0"),
        ("* | stats count() by bin(a, 5m)", "5m", "`5m` cannot be read: a width"),
        ("* | stats count(), count_approx(x)", "count_approx", "unexpected `count_approx`: a function"),
        ("* | stats sum(sum(x))", "(", "unexpected `(`: `)`"),
        ("* | timechart count()", "timechart", "a timechart of no known span of time: a width"),
        ("* | timechart 5 count()", "5", "`5` cannot be read: a duration"),
        ("* | stats count() by host | timechart 5m count()", "timechart", "no column `_time` comes out"),
        ("* | top 10", "", "the query ends too early: the name of a field"),
        ("* | top a by a", "a", "two columns named `a`"),
        ("* | top count", "count", "two columns named `count`"),
        ("* | top 99999999999999999999 a", "99999999999999999999", "a number larger than 64 bits"),
        ("* | where", "", "the query ends too early: a condition"),
        ("* | where last=1h", "last=1h", "a time inside `where`"),
        ("* | top a | where error", "error", "a search for text in a table: a condition on a column"),
        (
            "* | top a | where b=1",
            "b",
            "no column `b` comes out of the stages before: one of: a, count, percent",
        ),
        ("* | extract a", "a", "unexpected `a`: /…(?<name>…)…/"),
        ("* | extract /a(b)/", "/a(b)/", "nothing to extract: a part with a name"),
        ("* | extract \"a b\"", "\"a b\"", "nothing to extract"),
        ("* | extract \"<a><b>\"", "\"<a><b>\"", "nothing between `<b>` and the part before it"),
        ("* | extract \"<a> <a>\"", "\"<a> <a>\"", "two parts named `a`"),
        ("* | top a | extract \"<x> \"", "extract", "no column `_text`"),
        ("* | parse xml", "xml", "unexpected `xml`: a format: json"),
        ("* | parse csv", "", "the query ends too early: the names of its values"),
        ("* | parse csv(a, a)", "a", "two columns named `a`"),
        ("* | top a | parse json", "parse", "`parse` behind a stage that makes a table"),
        ("* | eval", "", "the query ends too early: a name for the result"),
        ("* | eval a", "", "the query ends too early: `=` and an expression"),
        ("* | eval a = 1 b = 2", "b", "unexpected `b`: an operator"),
        ("* | top a | eval b = a + cuont", "cuont", "no column `cuont` comes out"),
        ("* | top a | eval b = field(\"x\")", "\"x\"", "no column `x` comes out"),
        ("* | rename a", "", "the query ends too early: `as` and the new name"),
        ("* | rename a as b, c as b", "b", "two columns named `b`"),
        ("* | rename a as b, c as a", "a", "a column named `a` is there already"),
        ("* | top a | rename a as count", "count", "a column named `count` is there already"),
        ("* | tail", "", "the query ends too early: how many rows to keep"),
        ("* | dedup 5", "", "the query ends too early: the name of a field"),
        ("* | sample", "", "the query ends too early: how many rows to keep"),
        ("* | sample 2/3", "2/3", "unexpected `2/3`: how many rows to keep"),
        ("* | sample 1/0", "1/0", "unexpected `1/0`: how many rows to keep"),
        ("* | sample 30%", "30%", "`30%` is not one row in a whole number of rows: such a share: 1/3"),
        ("* | sample 0%", "0%", "`0%` of the rows: more than 0"),
        ("* | context", "", "the query ends too early: how many records around"),
        ("* | context behind=5", "behind=5", "unexpected `behind=5`: how many records around"),
        ("* | context 5000", "5000", "5000 records around each match: at most 1000"),
        ("* | head 5 | context 5", "context", "`context` behind another stage: it right behind the filter"),
        ("* | head 5 | patterns", "patterns", "`patterns` behind another stage"),
        ("* | new", "new", "`new` in a query of all times: a query with a start"),
        ("* | lookup hosts", "", "the query ends too early: `on` and the column"),
        ("* | top a | lookup t on a", "lookup", "`lookup` behind a stage that makes a table"),
        ("* | top a | lookup t on b fields c", "b", "no column `b`"),
        ("* | join a", "a", "unexpected `a`: `on` and the names"),
        ("* | join on a (b)", "(b)", "a join with a query for records: a stage at its end"),
        ("* | join on a ()", "()", "a join with a query for records"),
        ("* | join on a (b | top c)", "a", "no column `a` comes out of the query in parentheses: one of: c"),
        ("* | top a | join on a (b | top a)", "(b | top a)", "both sides have a column `count`"),
        ("* | join on a (b | top a", "", "the query ends too early"),
        ("* | join on a (b | top a) x", "x", "unexpected `x`: `|`"),
        ("* | nonsense", "nonsense", "unexpected `nonsense`: a stage: stats"),
    ];
    for (text, marked, message) in table {
        let (got, said) = at(text);
        assert_eq!(got, marked, "{text}: {said}");
        assert!(said.starts_with(message), "{text}: {said}");
    }
}

#[test]
fn names_that_are_nearly_right() {
    let hint = |text: &str| parse(text, &CONTEXT).expect_err(text).hint.unwrap_or_default();
    for (text, expected) in [
        ("* | stat count()", "did you mean `stats`?"),
        ("* | SORT x", "did you mean `sort`?"),
        ("* | timechrat 5m count()", "did you mean `timechart`?"),
        ("* | filter a=b", "write `where`"),
        ("* | json", "write `parse json`"),
        ("* | stats cuont()", "did you mean `count`?"),
        ("* | stats mean(x)", "did you mean `avg`?"),
        ("* | stats count_distinkt(x)", "did you mean `count_distinct`?"),
        ("* | top path | sort -cuont", "did you mean `count`?"),
        ("* | stats p99(t) | eval x = p99(t) * 2", "write field(\"p99(t)\"), or name it before: p99(t) as …"),
        ("* | stats max(took) by path | fields pth", "did you mean `path`?"),
        ("* | stats max(took) by path | stats sum(\"max(tok)\")", "did you mean `max(took)`?"),
    ] {
        assert_eq!(hint(text), expected, "{text}");
    }
}

#[test]
fn limits_are_errors() {
    let refused = |text: &str| at(text).1;
    assert!(refused(&"(".repeat(60_000)).starts_with("parentheses and NOT nested more than 128 deep"));
    assert!(refused(&"NOT ".repeat(1_000)).starts_with("parentheses and NOT nested"));
    assert!(refused(&"-(".repeat(10_000)).starts_with("parentheses and NOT nested"));
    assert!(refused(&"(".repeat(1_000_000)).starts_with("a query of 1000000 bytes"));
    assert!(refused(&"|head 5".repeat(65)).starts_with("more than 64 stages"));
    let nested =
        |deep: usize| format!("{}* {}", "*|join on a (".repeat(deep), "|top a|fields a)".repeat(deep));
    assert!(parse(&nested(4), &CONTEXT).is_ok());
    assert!(refused(&nested(5)).starts_with("queries nested more than 4 deep"));
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
