//! Each form of the grammar and the tree it makes.

use crate::common::{CONTEXT, query};
use gastrolog_query::*;

fn phrase(text: &str) -> Filter {
    Filter::Text(TextMatch::Phrase(text.into()))
}

fn field(name: &str, predicate: Predicate) -> Filter {
    Filter::Field(FieldMatch { field: FieldName::Exact(name.into()), predicate })
}

fn equal(name: &str, value: &str) -> Filter {
    field(name, Predicate::Equal(Literal::bare(value)))
}

fn check(text: &str, expected: Filter) {
    assert_eq!(query(text).filter, expected, "{text}");
}

#[test]
fn words_groups_and_operators() {
    let (a, b, c) = (phrase("a"), phrase("b"), phrase("c"));
    let not = |f: &Filter| Filter::Not(Box::new(f.clone()));
    check("", Filter::All);
    check("# nothing but a comment", Filter::All);
    check("*", Filter::All);
    check("a b", Filter::And(vec![a.clone(), b.clone()]));
    check("a # comment\n AND b", Filter::And(vec![a.clone(), b.clone()]));
    check("a OR b c", Filter::Or(vec![a.clone(), Filter::And(vec![b.clone(), c.clone()])]));
    check("(a OR b) c", Filter::And(vec![Filter::Or(vec![a.clone(), b.clone()]), c.clone()]));
    check("NOT a -b", Filter::And(vec![not(&a), not(&b)]));
    check("-(a OR b)", not(&Filter::Or(vec![a.clone(), b.clone()])));
    check("NOT NOT (((a)))", a.clone());
    check("and or not in", Filter::And(vec![phrase("and"), phrase("or"), phrase("not"), phrase("in")]));
    check("\"NOT\" \"-x\"", Filter::And(vec![phrase("NOT"), phrase("-x")]));
    check(r#""a \"b\" \\ C:\d *""#, phrase(r#"a "b" \ C:\d *"#));
    check(
        r"web-1.example:80 C:\d \*\-x",
        Filter::And(vec![phrase("web-1.example:80"), phrase(r"C:\d"), phrase("*-x")]),
    );
    check("/a b\\/c/", Filter::Text(TextMatch::Regex(Regex::new("a b/c").unwrap())));
    check("conn*", Filter::Text(TextMatch::Glob(Glob::new("conn*").unwrap())));
}

#[test]
fn fields() {
    check("a=b", equal("a", "b"));
    check("a = b", equal("a", "b"));
    check("a=\"b c\"", equal("a", "b c"));
    check("a=\"5\"", field("a", Predicate::Equal(Literal::quoted("5"))));
    check("a=-5", equal("a", "-5"));
    check("u=/x?a=1,2#<b>", equal("u", "/x?a=1,2#<b>"));
    check("a=#b", equal("a", "#b"));
    check("a!=b", field("a", Predicate::NotEqual(Literal::bare("b"))));
    for (token, ordering) in [
        ("<", Ordering::Less),
        ("<=", Ordering::LessOrEqual),
        (">", Ordering::Greater),
        (">=", Ordering::GreaterOrEqual),
    ] {
        check(&format!("a{token}5"), field("a", Predicate::Compare(ordering, Literal::bare("5"))));
    }
    check(
        "a in (b,\"c d\" , 5)",
        field("a", Predicate::In(vec!["b", "c d", "5"].into_iter().map(Literal::bare).collect())),
    );
    check("a=*", field("a", Predicate::Exists));
    check("a=b*c", field("a", Predicate::Glob(Glob::new("b*c").unwrap())));
    check("a!=b*", field("a", Predicate::NotGlob(Glob::new("b*").unwrap())));
    check("a=\"b*\"", equal("a", "b*"));
    check(
        "tags[]=x @timestamp=y a.b-c=z",
        Filter::And(vec![equal("tags[]", "x"), equal("@timestamp", "y"), equal("a.b-c", "z")]),
    );
    check("\"my field\"=x \"start\"=y", Filter::And(vec![equal("my field", "x"), equal("start", "y")]));
    let any = FieldName::Glob(Glob::new("*").unwrap());
    check("*=v", Filter::Field(FieldMatch { field: any, predicate: Predicate::Equal(Literal::bare("v")) }));
    let request = FieldName::Glob(Glob::new("request.*").unwrap());
    check(
        "request.*=x",
        Filter::Field(FieldMatch { field: request, predicate: Predicate::Equal(Literal::bare("x")) }),
    );
}

#[test]
fn quotes_beside_stars() {
    let glob = |pieces: &[&str]| Glob::from_pieces(pieces.iter().map(|&p| p.to_owned()).collect()).unwrap();
    let text = |pieces: &[&str]| Filter::Text(TextMatch::Glob(glob(pieces)));
    let path = |pieces: &[&str]| field("path", Predicate::Glob(glob(pieces)));
    check("*\"connection ref\"*", text(&["", "connection ref", ""]));
    check("\"foo bar\"*", text(&["foo bar", ""]));
    check("a*\"b *\"*c", text(&["a", "b *", "c"]));
    check("-\"a b\"*", Filter::Not(Box::new(text(&["a b", ""]))));
    check("path=*\"a b\"*", path(&["", "a b", ""]));
    check("path=\"/api/\"*", path(&["/api/", ""]));
    check("path!=\"a|b\"*", field("path", Predicate::NotGlob(glob(&["a|b", ""]))));
    let name = FieldName::Glob(glob(&["my field", ""]));
    check("\"my field\"*=*", Filter::Field(FieldMatch { field: name, predicate: Predicate::Exists }));
    check("\"\"*", Filter::All);
    for (text, marked) in [("*\"a\"b", "b"), ("a\"b\"*", "\""), ("x=*\"a\"b", "b"), ("*\"a", "\"")] {
        let error = parse(text, &CONTEXT).unwrap_err();
        assert_eq!(&text[error.span], marked, "{text}");
    }
}

#[test]
fn a_value_is_a_regex_only_between_slashes() {
    let regex = |source: &str| field("path", Predicate::Regex(Regex::new(source).unwrap()));
    check(r"path=/^\/api\/v[12]/", regex("^/api/v[12]"));
    check("(path=/a b/)", regex("a b"));
    check("path=/a/", regex("a"));
    check("path!=/a/", field("path", Predicate::NotRegex(Regex::new("a").unwrap())));
    check("path=\"/a/\"", equal("path", "/a/"));
    for plain in ["/", "//", "/api", "/api/v1", "/a/b/", "/a/b/c/"] {
        check(&format!("path={plain}"), equal("path", plain));
    }
    check(
        "path=/api/* x",
        Filter::And(vec![field("path", Predicate::Glob(Glob::new("/api/*").unwrap())), phrase("x")]),
    );
}

#[test]
fn stages() {
    let stages = |text: &str| query(text).stages;
    let aggregate = |function, field: Option<&str>, alias: &str| Aggregate {
        function,
        field: field.map(str::to_owned),
        alias: alias.into(),
    };
    assert_eq!(
        stages(
            "x | stats count(), p99(d) as slow, p99.9(d), median( d ), quantile(0.950,d), sum(\"a b\") by service, bin(5m)"
        ),
        [Stage::Stats {
            aggregates: vec![
                aggregate(Function::Count, None, "count"),
                aggregate(Function::Quantile(0.99), Some("d"), "slow"),
                aggregate(Function::Quantile(0.999), Some("d"), "p99.9(d)"),
                aggregate(Function::Quantile(0.5), Some("d"), "median(d)"),
                aggregate(Function::Quantile(0.95), Some("d"), "quantile(0.95, d)"),
                aggregate(Function::Sum, Some("a b"), "sum(\"a b\")"),
            ],
            by: vec![GroupKey::Field("service".into()), GroupKey::TimeBin(300_000_000_000)],
        }]
    );
    for (name, function) in [
        ("count_distinct", Function::CountDistinct),
        ("count", Function::Count),
        ("min", Function::Min),
        ("max", Function::Max),
        ("avg", Function::Avg),
        ("first", Function::First),
        ("last", Function::Last),
        ("p50", Function::Quantile(0.5)),
    ] {
        let aggregates = vec![aggregate(function, Some("f"), &format!("{name}(f)"))];
        assert_eq!(stages(&format!("|stats {name}(f)")), [Stage::Stats { aggregates, by: vec![] }]);
    }
    assert_eq!(stages("| stats count by bin(_time, 90s)"), stages("| stats count() by bin(1m30s)"));
    let keys = |keys: &[(&str, bool)]| {
        vec![Stage::Sort(keys.iter().map(|&(f, d)| SortKey { field: f.into(), descending: d }).collect())]
    };
    assert_eq!(stages("| sort -count, name"), keys(&[("count", true), ("name", false)]));
    assert_eq!(
        stages("| sort by name desc other asc third"),
        keys(&[("name", true), ("other", false), ("third", false)])
    );
    assert_eq!(
        stages("| sort -p99( duration_ms ) -count()"),
        keys(&[("p99(duration_ms)", true), ("count", true)])
    );
    assert_eq!(stages("| head 10 | limit 5"), [Stage::Head(10), Stage::Head(5)]);
    assert_eq!(
        stages("| fields a, b.c, \"d e\""),
        [Stage::Fields(vec!["a".into(), "b.c".into(), "d e".into()])]
    );
}
