//! A query printed and parsed again is the same tree; any text at all is parsed or refused, without a panic.

use crate::common::{CONTEXT, query};
use gastrolog_query::*;
use gastrolog_types::Timestamp;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,4}",
        1 => "[ -~]{1,6}",
        1 => "\\PC{1,4}",
        1 => "[-/#~*\\\\\"()|,=<>! \n\u{a0}a]{1,5}",
        1 => prop::sample::select(vec!["AND", "OR", "NOT", "in", "not", "last", "start", "by", "as", "desc", "bin", "5"])
            .prop_map(str::to_owned),
    ]
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        text().prop_map(Literal::bare),
        text().prop_map(Literal::quoted),
        "-?[0-9]{1,3}(\\.[0-9]{1,2})?(e-?[0-9])?".prop_map(Literal::bare),
        "-?[0-9]{1,3}".prop_map(Literal::quoted),
        Just(Literal::quoted("")),
    ]
}

fn glob() -> impl Strategy<Value = Glob> {
    prop::collection::vec(prop_oneof![text(), Just(String::new()), Just("/a/b".to_owned())], 2..4)
        .prop_filter_map("a pattern that is not just *", |p| Glob::from_pieces(p).filter(|g| !g.is_any()))
}

fn regex() -> impl Strategy<Value = Regex> {
    prop_oneof![
        prop::sample::select(vec![
            "^/api/v[12]/",
            r"a\\/b",
            "(?i)x y",
            "a|b",
            "\\|#",
            "[/\"]",
            " ",
            "\n",
            r"\/$"
        ])
        .prop_map(str::to_owned),
        "[a-z/ .]{1,6}",
    ]
    .prop_map(|source| Regex::new(&source).unwrap())
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let ordering = prop::sample::select(vec![
        Ordering::Less,
        Ordering::LessOrEqual,
        Ordering::Greater,
        Ordering::GreaterOrEqual,
    ]);
    prop_oneof![
        Just(Predicate::Exists),
        literal().prop_map(Predicate::Equal),
        literal().prop_map(Predicate::NotEqual),
        (ordering, literal()).prop_map(|(o, l)| Predicate::Compare(o, l)),
        prop::collection::vec(literal(), 1..4).prop_map(Predicate::In),
        glob().prop_map(Predicate::Glob),
        glob().prop_map(Predicate::NotGlob),
        regex().prop_map(Predicate::Regex),
        regex().prop_map(Predicate::NotRegex),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let any_name = || FieldName::Glob(Glob::new("*").unwrap());
    let name =
        prop_oneof![text().prop_map(FieldName::Exact), glob().prop_map(FieldName::Glob), Just(any_name())];
    let leaf = prop_oneof![
        Just(Filter::All),
        text().prop_map(|t| Filter::Text(TextMatch::Phrase(t))),
        glob().prop_map(|g| Filter::Text(TextMatch::Glob(g))),
        regex().prop_map(|r| Filter::Text(TextMatch::Regex(r))),
        (name, predicate()).prop_map(|(field, predicate)| Filter::Field(FieldMatch { field, predicate })),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::Or),
            inner.prop_map(|f| Filter::Not(Box::new(f))),
        ]
    })
    .prop_map(Filter::simplify)
}

fn function() -> impl Strategy<Value = Function> {
    prop_oneof![
        prop::sample::select(vec![
            Function::Count,
            Function::CountDistinct,
            Function::Min,
            Function::Max,
            Function::Sum,
            Function::Avg,
            Function::First,
            Function::Last,
            Function::Quantile(0.5),
            Function::Quantile(0.999),
        ]),
        (0.0..=1.0).prop_map(Function::Quantile),
    ]
}

fn aggregate() -> impl Strategy<Value = Aggregate> {
    (prop::option::weighted(0.8, (function(), text())), prop::option::of(text())).prop_map(|(call, alias)| {
        let (function, field) = call.map_or((Function::Count, None), |(f, field)| (f, Some(field)));
        let mut aggregate = Aggregate::new(function, field);
        aggregate.alias = alias.unwrap_or(aggregate.alias);
        aggregate
    })
}

fn column() -> impl Strategy<Value = String> {
    prop_oneof![text(), aggregate().prop_map(|a| a.alias), Just("p99(a b)".into()), Just("sum( x)".into())]
}

fn stage() -> impl Strategy<Value = Stage> {
    let unit = prop::sample::select(vec![1, 1_000, 1_000_000_000, 60_000_000_000, 604_800_000_000_000]);
    let key = prop_oneof![
        text().prop_map(GroupKey::Field),
        (1i64..100, unit).prop_map(|(n, unit)| GroupKey::TimeBin(n * unit)),
    ];
    let stats = (prop::collection::vec(aggregate(), 1..4), prop::collection::vec(key, 0..3));
    let distinct = |(aggregates, by): &(Vec<Aggregate>, Vec<GroupKey>)| {
        let names: Vec<&str> =
            aggregates.iter().map(|a| a.alias.as_str()).chain(by.iter().map(GroupKey::column)).collect();
        names.iter().collect::<std::collections::HashSet<_>>().len() == names.len()
    };
    let sort_key = (column(), any::<bool>()).prop_map(|(field, descending)| SortKey { field, descending });
    prop_oneof![
        stats
            .prop_filter("names are distinct", distinct)
            .prop_map(|(aggregates, by)| Stage::Stats { aggregates, by }),
        prop::collection::vec(sort_key, 1..4).prop_map(Stage::Sort),
        any::<u64>().prop_map(Stage::Head),
        prop::collection::vec(column(), 1..4).prop_map(Stage::Fields),
    ]
}

fn time() -> impl Strategy<Value = TimeRange> {
    let bound = || prop::option::of((i64::MIN + 1..=i64::MAX).prop_map(Timestamp));
    prop_oneof![
        Just(TimeRange::default()),
        (bound(), bound()).prop_map(|(start, end)| TimeRange { start, end })
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn printed_and_parsed_again_is_the_same(
        filter in filter(), time in time(), stages in prop::collection::vec(stage(), 0..3)
    ) {
        let query = Query { filter, time, stages };
        let printed = query.to_string();
        match parse(&printed, &CONTEXT) {
            Ok(again) => prop_assert_eq!(again, query, "{}", printed),
            Err(error) => prop_assert!(false, "{}", error.render(&printed)),
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "([a-c =<>!()|,\"/\\\\*#-]|AND|OR|NOT|in|stats|count|by|sort|last=|1h|é){0,14}") {
        match parse(&text, &CONTEXT) {
            Ok(query) => {
                let printed = query.to_string();
                prop_assert_eq!(parse(&printed, &CONTEXT).unwrap(), query, "{} printed {}", text, printed);
            }
            Err(error) => prop_assert!(error.render(&text).contains('^')),
        }
    }

    #[test]
    fn hostile_text_does_no_harm(text in "\\PC{0,40}") {
        if let Err(error) = parse(&text, &CONTEXT) {
            error.render(&text);
        }
    }

    #[test]
    fn simplify_changes_no_answer(filter in filter(), text in "[a-z ]{0,8}", field in "[a-z]{1,2}", value in "[a-z0-9]{0,2}") {
        let twice = Filter::And(vec![Filter::Or(vec![filter.clone()]), Filter::Not(Box::new(Filter::Not(Box::new(filter.clone()))))]);
        let fields = [(field.as_str(), value.as_str())];
        let record = crate::common::TestRecord(&text, &fields);
        prop_assert_eq!(matches(&twice.clone().simplify(), &record), matches(&twice, &record));
    }
}

#[test]
fn prints_what_people_would_write() {
    for text in [
        "*",
        "status=500 method=POST",
        "level=error user.id=123 (timeout OR refused) NOT path=/api/health*",
        "\"connection refused\" host=web-* duration_ms>250",
        "request.headers.content-type=application/json tags[]=production",
        "trace_id=* | stats count(), p99(duration_ms) by service, bin(5m) | sort -count | head 10",
        "a b OR c d",
        "path=/^\\/api\\/v[12]\\// NOT (a OR b)",
        "k in (a, 1, \"2\") request.*!=x* *=v",
        "* | stats median(d), p50(d) as m, p95(d), quantile(0.95, d), sum(bytes) | sort m, -sum(bytes) | fields m, sum(bytes)",
        "start=2026-01-02T00:00:00Z end=2026-01-03T00:00:00Z (a OR b)",
        "start=2026-01-02T00:00:00Z | stats p99.9(d)",
    ] {
        let printed = query(text).to_string();
        assert_eq!(printed, text);
    }
}
