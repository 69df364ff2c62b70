//! Each stage and the tree it makes.

use crate::common::{CONTEXT, query};
use gastrolog_query::*;

fn stages(text: &str) -> Vec<Stage> {
    query(text).stages
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn functions_of_stats() {
    for (call, function) in [
        ("stddev(f)", Function::StdDev),
        ("count_distinct_approx(f)", Function::CountDistinctApprox),
        ("p99_approx(f)", Function::QuantileApprox(0.99)),
        ("median_approx(f)", Function::QuantileApprox(0.5)),
        ("quantile_approx(0.25, f)", Function::QuantileApprox(0.25)),
        ("values(f)", Function::Values(100)),
        ("values(f, 20)", Function::Values(20)),
    ] {
        let aggregates = vec![Aggregate { function, field: Some("f".into()), alias: call.into() }];
        assert_eq!(stages(&format!("| stats {call}")), [Stage::Stats { aggregates, by: vec![] }]);
    }
    let by = vec![GroupKey::NumberBin { field: "bytes".into(), width: 100.0 }];
    let aggregates = vec![Aggregate::new(Function::Count, None)];
    assert_eq!(stages("| stats count() by bin( bytes, 1e2 )"), [Stage::Stats { aggregates, by }]);
}

#[test]
fn rates_know_their_span_of_time() {
    let rate = |text: &str| match &stages(text)[..] {
        [Stage::Stats { aggregates, .. } | Stage::Timechart { aggregates, .. }] => aggregates[0].function,
        other => panic!("{other:?}"),
    };
    assert_eq!(rate("last=1h | stats rate()"), Function::Rate(3_600_000_000_000));
    assert_eq!(rate("last=1h | stats rate(bytes) by bin(5m)"), Function::Rate(300_000_000_000));
    assert_eq!(rate("* | stats rate by host, bin(1m)"), Function::Rate(60_000_000_000));
    assert_eq!(rate("start=-2h end=-1h | stats rate()"), Function::Rate(3_600_000_000_000));
    assert_eq!(rate("* | timechart 10s rate()"), Function::Rate(10_000_000_000));
}

#[test]
fn charts_take_about_sixty_bins() {
    let width = |text: &str| match &stages(&format!("{text} | timechart count()"))[..] {
        [Stage::Timechart { width_ns, .. }] => *width_ns / 1_000_000_000,
        other => panic!("{other:?}"),
    };
    for (text, seconds) in [
        ("last=10s", 1),
        ("last=1m", 1),
        ("last=1h", 60),
        ("last=61m", 120),
        ("last=1d", 1_800),
        ("last=7d", 10_800),
        ("last=60d", 86_400),
        ("last=90d", 604_800),
        ("start=0", 604_800),
    ] {
        assert_eq!(width(text), seconds, "{text}");
    }
}

#[test]
fn tables() {
    let aggregates = vec![Aggregate::new(Function::Count, None)];
    let chart = Stage::Timechart { width_ns: 300_000_000_000, aggregates, by: names(&["host", "app"]) };
    assert_eq!(stages("| timechart 5m count() by host, app"), [chart]);
    let top = |count, fields: &[&str], by: &[&str], rarest| {
        [Stage::Top { count, fields: names(fields), by: names(by), rarest }]
    };
    assert_eq!(stages("| top path"), top(10, &["path"], &[], false));
    assert_eq!(stages("| rare 3 path, status by host"), top(3, &["path", "status"], &["host"], true));
    assert_eq!(stages("| patterns"), [Stage::Patterns { of: None, by: vec![] }]);
    let patterns = Stage::Patterns { of: Some("msg".into()), by: names(&["level"]) };
    assert_eq!(stages("| patterns of msg by level"), [patterns]);
    assert_eq!(stages("last=1h | new of msg"), [Stage::New { of: Some("msg".into()) }]);
}

#[test]
fn rows() {
    assert_eq!(stages("| where status>=500 OR a"), [Stage::Where(query("status>=500 OR a").filter)]);
    let regex = Extraction::Regex(Regex::new("took (?<ms>[0-9]+)/s").unwrap());
    let extract = Stage::Extract { pattern: regex, from: "msg".into() };
    assert_eq!(stages("| extract /took (?<ms>[0-9]+)\\/s/ from msg"), [extract]);
    let piece = |name: &str| TemplatePiece::Name(name.into());
    let literal = |text: &str| TemplatePiece::Literal(text.into());
    let pattern = Extraction::Template(vec![
        piece("method"),
        literal(" "),
        piece("path"),
        literal(" HTTP/"),
        piece(""),
    ]);
    let extract = Stage::Extract { pattern, from: "_text".into() };
    assert_eq!(stages("| extract \"<method> <path> HTTP/<_>\""), [extract]);
    let parsed = |format, from: &str, prefix: &str| {
        [Stage::Parse { format, from: from.into(), prefix: prefix.into() }]
    };
    assert_eq!(stages("| parse json"), parsed(ParseFormat::Json, "_text", ""));
    assert_eq!(stages("| parse logfmt from msg as m"), parsed(ParseFormat::Logfmt, "msg", "m"));
    let csv = ParseFormat::Csv(names(&["a", "b c"]));
    assert_eq!(stages("| parse csv(a, \"b c\") from x"), parsed(csv, "x", ""));
    let pairs = vec![("a".into(), "b".into()), ("c".into(), "d".into())];
    assert_eq!(stages("| rename a as b, c as d"), [Stage::Rename(pairs)]);
    assert_eq!(stages("| tail 5"), [Stage::Tail(5)]);
    let dedup = |count, fields: &[&str]| [Stage::Dedup { count, fields: names(fields) }];
    assert_eq!(stages("| dedup host"), dedup(1, &["host"]));
    assert_eq!(stages("| dedup 2 host, path"), dedup(2, &["host", "path"]));
    for (text, one_in) in [("1/100", 100), ("5%", 20), ("0.1%", 1_000), ("100%", 1), ("1/1", 1)] {
        assert_eq!(stages(&format!("| sample {text}")), [Stage::Sample(one_in)]);
    }
    let context = |before, after| [Stage::Context { before, after }];
    assert_eq!(stages("| context 5"), context(5, 5));
    assert_eq!(stages("| context before=2 after=3"), context(2, 3));
    assert_eq!(stages("| context after = 3"), context(0, 3));
}

#[test]
fn computed() {
    let expr = |text: &str| Expr::parse(text, &CONTEXT).unwrap();
    let made = |name: &str, text: &str| Assignment { name: name.into(), expr: expr(text) };
    let expected = vec![made("a b", "x + 1"), made("c", "if(x > 5, \"y, z\", upper(s))")];
    assert_eq!(
        stages("| eval \"a b\"=x+1 , c = if(x>5, \"y, z\", upper(s)) | head 5")[0],
        Stage::Eval(expected)
    );
    let of = |text: &str| columns(&stages(text), None);
    assert_eq!(
        of("| top x | eval a = count * 2, b = a + percent, count = 1"),
        Some(names(&["x", "count", "percent", "a", "b"]))
    );
}

#[test]
fn other_tables() {
    let lookup = |key: &str, field: &str, fields: &[&str]| {
        let table = "hosts".to_owned();
        [Stage::Lookup { table, key: key.into(), field: field.into(), fields: names(fields) }]
    };
    assert_eq!(stages("| lookup hosts on ip"), lookup("ip", "ip", &[]));
    assert_eq!(
        stages("| lookup hosts on ip as remote_addr fields name, rack"),
        lookup("ip", "remote_addr", &["name", "rack"])
    );
    let join = |text: &str| match stages(text).pop() {
        Some(Stage::Join { kind, on, subquery }) => (kind, on, *subquery),
        other => panic!("{other:?}"),
    };
    let (kind, on, subquery) =
        join("last=1h a | join left on host, app (error | stats count() by host, app)");
    assert_eq!((kind, on), (JoinKind::Left, names(&["host", "app"])));
    assert_eq!(subquery, query("last=1h error | stats count() by host, app"));
    let (kind, _, subquery) =
        join("last=1h a | join on host (last=2h | top host)|head 5|join on host (|top host)");
    assert_eq!((kind, subquery.time), (JoinKind::Inner, query("last=1h").time));
    let (_, _, subquery) = join("last=1h a | join inner on host (last=2h | top host)");
    assert_eq!(subquery.time, query("last=2h").time);
}

#[test]
fn columns_after_stages() {
    let of = |text: &str| columns(&stages(text), None).map(|c| c.join(" "));
    for (text, expected) in [
        ("| stats count(), sum(x) by a, bin(5m)", Some("a _time count sum(x)")),
        ("| timechart 5m count() by a", Some("_time a count")),
        ("| top a, b by c", Some("c a b count percent")),
        ("| patterns by a", Some("a pattern count percent first last samples trend")),
        ("| fields a, b | rename a as c | lookup t on b fields d, c", Some("c b d")),
        ("| fields a | join on a (* | top a)", Some("a count percent")),
        ("| fields a, b | extract \"<x> <y>\" from a | where x=1 | sort y | head 5", Some("a b x y")),
        ("| rename a as b | where b=1 | dedup b | sample 1/2 | tail 5 | parse json", None),
    ] {
        assert_eq!(of(text).as_deref(), expected, "{text}");
    }
    // What a table has can be named, bounds of time included.
    assert!(query("| patterns | where last>2026-01-01 count>5").stages.len() == 2);
}
