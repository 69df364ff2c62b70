//! Trees of every form of the language, for properties that hold for all of them.

use std::collections::HashSet;

use crate::common::CONTEXT;
use gastrolog_query::*;
use proptest::prelude::*;

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,4}",
        1 => "[ -~]{1,6}",
        1 => "\\PC{1,4}",
        1 => "[-/#~*\\\\\"()|,=<>! \n\u{a0}a]{1,5}",
        1 => prop::sample::select(vec!["AND", "OR", "NOT", "in", "not", "last", "start", "by", "as", "desc", "bin", "5"])
            .prop_map(str::to_owned),
    ]
}

/// Texts that mean something by their form.
pub(crate) fn of_a_kind() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,2}(\\.[0-9]{1,2})?(ns|us|µs|ms|s|m|h)",
        "[0-9]{1,2}h[0-9]{1,2}m",
        "[0-9]{1,2}(\\.[0-9])?(B|kB|KB|KiB|MB)",
        "2026-0[12]-0[12]([T ]0[12]:0[12](:0[12](\\.[05])?)?(Z|[+]01:00)?)?",
        "10\\.0\\.[01]\\.[0-3]",
        "(10\\.0\\.[01]\\.[0-3]|::ffff:10\\.0\\.0\\.0)/(8|31|32)",
        "v?[01]\\.[01]{1,2}(\\.[01])?(-rc[0-9])?",
        "(?i)(debug|info|warn|warning|error|err|fatal)",
    ]
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        text().prop_map(Literal::bare),
        text().prop_map(Literal::quoted),
        "-?[0-9]{1,3}(\\.[0-9]{1,2})?(e-?[0-9])?".prop_map(Literal::bare),
        of_a_kind().prop_map(Literal::bare),
        of_a_kind().prop_map(Literal::quoted),
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
        (ordering, literal().prop_filter("not a net", Literal::has_order))
            .prop_map(|(o, l)| Predicate::Compare(o, l)),
        prop::collection::vec(literal(), 1..4).prop_map(Predicate::In),
        glob().prop_map(Predicate::Glob),
        glob().prop_map(Predicate::NotGlob),
        regex().prop_map(Predicate::Regex),
        regex().prop_map(Predicate::NotRegex),
    ]
}

pub(crate) fn filter() -> impl Strategy<Value = Filter> {
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
            Function::CountDistinct,
            Function::CountDistinctApprox,
            Function::Min,
            Function::Max,
            Function::Sum,
            Function::Avg,
            Function::StdDev,
            Function::First,
            Function::Last,
            Function::Quantile(0.5),
            Function::Quantile(0.999),
            Function::QuantileApprox(0.5),
            Function::QuantileApprox(0.999),
            Function::Values(100),
        ]),
        (0.0..=1.0).prop_map(Function::Quantile),
        (0.0..=1.0).prop_map(|q| Function::QuantileApprox(q / 1e12)),
        any::<u64>().prop_map(Function::Values),
    ]
}

fn aggregate() -> impl Strategy<Value = Aggregate> {
    let bare = prop::sample::select(vec![Function::Count, Function::Rate(0)]);
    let function = prop_oneof![1 => bare.prop_map(Ok), 4 => function().prop_map(Err)];
    (function, text(), prop::option::of(text())).prop_map(|(function, field, alias)| {
        let (function, field) = match function {
            Ok(bare) if field.len() % 2 == 0 => (bare, None),
            Ok(function) | Err(function) => (function, Some(field)),
        };
        let mut aggregate = Aggregate::new(function, field);
        aggregate.alias = alias.unwrap_or(aggregate.alias);
        aggregate
    })
}

fn column() -> impl Strategy<Value = String> {
    prop_oneof![text(), aggregate().prop_map(|a| a.alias), Just("p99(a b)".into()), Just("sum( x)".into())]
}

fn columns_of(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(column(), count)
}

fn duration() -> impl Strategy<Value = i64> {
    let unit = prop::sample::select(vec![1, 1_000, 1_000_000_000, 60_000_000_000, 604_800_000_000_000]);
    prop_oneof![(1i64..100, unit).prop_map(|(n, unit)| n * unit), 1i64..]
}

fn making_tables() -> impl Strategy<Value = Stage> {
    let key = prop_oneof![
        column().prop_map(GroupKey::Field),
        duration().prop_map(GroupKey::TimeBin),
        (text(), prop_oneof![0.1..1000.0, 1e-300..1e300]).prop_filter_map("not of time", |(field, width)| {
            (field != "_time").then_some(GroupKey::NumberBin { field, width })
        }),
    ];
    let aggregates = || prop::collection::vec(aggregate(), 1..4);
    prop_oneof![
        (aggregates(), prop::collection::vec(key, 0..3))
            .prop_map(|(aggregates, by)| Stage::Stats { aggregates, by }),
        (duration(), aggregates(), columns_of(0..3))
            .prop_map(|(width_ns, aggregates, by)| Stage::Timechart { width_ns, aggregates, by }),
        (any::<u64>(), columns_of(1..3), columns_of(0..3), any::<bool>())
            .prop_map(|(count, fields, by, rarest)| Stage::Top { count, fields, by, rarest }),
        columns_of(1..4).prop_map(Stage::Fields),
        (prop::option::of(text()), columns_of(0..3)).prop_map(|(of, by)| Stage::Patterns { of, by }),
        prop::option::of(text()).prop_map(|of| Stage::New { of }),
    ]
}

fn template() -> impl Strategy<Value = Extraction> {
    let name = prop_oneof![Just(String::new()), "[a-z@][a-z0-9_.-]{0,3}"];
    let literal = prop_oneof!["[<>a ]{1,4}", "[\\\\<>\"x]{1,4}", text()];
    prop::collection::vec((literal, name), 1..5).prop_filter_map("at least one name, none twice", |parts| {
        let mut taken = HashSet::new();
        let named = parts.iter().any(|(_, name)| !name.is_empty());
        let distinct = parts.iter().all(|(_, name)| name.is_empty() || taken.insert(name.clone()));
        let pieces = parts
            .into_iter()
            .flat_map(|(literal, name)| [TemplatePiece::Literal(literal), TemplatePiece::Name(name)]);
        (named && distinct).then(|| Extraction::Template(pieces.collect()))
    })
}

/// Expressions without fields, which rows need not have.
fn assignment() -> impl Strategy<Value = Assignment> {
    let sources =
        vec!["1", "\"x, y | z)\"", "now() - 5m", "if(1 < 2, null, -3.5)", "not true and (false or true)"];
    let expr = prop::sample::select(sources).prop_map(|text| Expr::parse(text, &CONTEXT).unwrap());
    (text(), expr).prop_map(|(name, expr)| Assignment { name, expr })
}

fn keeping_rows() -> impl Strategy<Value = Stage> {
    let sort_key = (column(), any::<bool>()).prop_map(|(field, descending)| SortKey { field, descending });
    let groups = prop::sample::select(vec!["(?<a>x)", "(?<b>.*) /(?<c>/)", "(x)(?<n>y)"]);
    let regex = groups.prop_map(|source| Extraction::Regex(Regex::new(source).unwrap()));
    let from = || prop_oneof![Just("_text".to_owned()), column()];
    let format = prop_oneof![
        Just(ParseFormat::Json),
        Just(ParseFormat::Logfmt),
        Just(ParseFormat::Kv),
        prop::collection::hash_set(text(), 1..4)
            .prop_map(|names| ParseFormat::Csv(names.into_iter().collect())),
    ];
    prop_oneof![
        filter().prop_map(Stage::Where),
        (prop_oneof![regex, template()], from()).prop_map(|(pattern, from)| Stage::Extract { pattern, from }),
        (format, prop_oneof![Just("_text".to_owned()), text()], prop_oneof![Just(String::new()), text()])
            .prop_map(|(format, from, prefix)| Stage::Parse { format, from, prefix }),
        prop::collection::vec((column(), text()), 1..3).prop_map(Stage::Rename),
        prop::collection::vec(assignment(), 1..4).prop_map(Stage::Eval),
        prop::collection::vec(sort_key, 1..4).prop_map(Stage::Sort),
        any::<u64>().prop_map(Stage::Head),
        any::<u64>().prop_map(Stage::Tail),
        (any::<u64>(), columns_of(1..3)).prop_map(|(count, fields)| Stage::Dedup { count, fields }),
        (1u64..).prop_map(Stage::Sample),
        (0u64..1001, 0u64..1001).prop_map(|(before, after)| Stage::Context { before, after }),
        (text(), text(), column(), prop::collection::hash_set(text(), 0..3)).prop_map(
            |(table, key, field, fields)| Stage::Lookup {
                table,
                key,
                field,
                fields: fields.into_iter().collect()
            }
        ),
    ]
}

/// Any stage; [`fit`] makes those of a query fit together.
pub(crate) fn stage(deep: u32) -> BoxedStrategy<Stage> {
    if deep == 0 {
        return prop_oneof![making_tables(), keeping_rows()].boxed();
    }
    let subquery = (filter(), prop::collection::vec(stage(deep - 1), 0..3))
        .prop_map(|(filter, stages)| Query { filter, time: TimeRange::default(), stages });
    let join = (prop::sample::select(vec![JoinKind::Inner, JoinKind::Left]), columns_of(1..3), subquery)
        .prop_map(|(kind, on, subquery)| Stage::Join { kind, on, subquery: Box::new(subquery) });
    prop_oneof![3 => making_tables(), 5 => keeping_rows(), 1 => join].boxed()
}

/// A query in which stages name only columns that there are, and no two alike: others are replaced or left out.
pub(crate) fn fit(query: Query) -> Query {
    let mut columns_now = None;
    let mut stages = Vec::new();
    for stage in query.stages {
        if let Some(stage) = fit_stage(stage, columns_now.as_deref(), query.time, stages.is_empty()) {
            columns_now = columns(std::slice::from_ref(&stage), columns_now);
            stages.push(stage);
        }
    }
    Query { stages, ..query }
}

/// Names that are there in place of those that are not.
struct Known<'a>(Option<&'a [String]>);

impl Known<'_> {
    fn one(&self, name: String) -> String {
        match self.0 {
            Some(columns) if !columns.contains(&name) => columns[name.len() % columns.len()].clone(),
            _ => name,
        }
    }

    fn several(&self, names: Vec<String>) -> Vec<String> {
        names.into_iter().map(|name| self.one(name)).collect()
    }
}

fn all_differ<'a>(names: impl IntoIterator<Item = &'a str>) -> bool {
    let mut taken = HashSet::new();
    names.into_iter().all(|name| taken.insert(name.to_owned()))
}

fn fit_aggregates(
    aggregates: Vec<Aggregate>,
    known: &Known<'_>,
    span_ns: Option<i64>,
) -> Option<Vec<Aggregate>> {
    let fitted = aggregates.into_iter().map(|mut a| {
        a.field = a.field.map(|field| known.one(field));
        if let Function::Rate(ns) = &mut a.function {
            *ns = span_ns?;
        }
        Some(a)
    });
    fitted.collect()
}

fn fit_stage(stage: Stage, input: Option<&[String]>, time: TimeRange, first: bool) -> Option<Stage> {
    let known = Known(input);
    let has_time = input.is_none_or(|columns| columns.iter().any(|c| c == "_time"));
    let window = time.start.map(|start| time.end.unwrap_or(CONTEXT.now).0.saturating_sub(start.0).max(1));
    let fitted = match stage {
        Stage::Stats { aggregates, by } => {
            let key = |key| match key {
                GroupKey::Field(name) => Some(GroupKey::Field(known.one(name))),
                GroupKey::NumberBin { field, width } => {
                    Some(GroupKey::NumberBin { field: known.one(field), width })
                        .filter(|key| key.column() != "_time")
                }
                bin => has_time.then_some(bin),
            };
            let by: Vec<GroupKey> = by.into_iter().filter_map(key).collect();
            let bin = by.iter().find_map(|k| if let GroupKey::TimeBin(ns) = k { Some(*ns) } else { None });
            Stage::Stats { aggregates: fit_aggregates(aggregates, &known, bin.or(window))?, by }
        }
        Stage::Timechart { width_ns, aggregates, by } if has_time => {
            let aggregates = fit_aggregates(aggregates, &known, Some(width_ns))?;
            Stage::Timechart { width_ns, aggregates, by: known.several(by) }
        }
        Stage::Timechart { .. } => return None,
        Stage::Top { count, fields, by, rarest } => {
            Stage::Top { count, fields: known.several(fields), by: known.several(by), rarest }
        }
        Stage::Fields(names) => Stage::Fields(known.several(names)),
        Stage::Sort(keys) => {
            let key = |key: SortKey| SortKey { field: known.one(key.field), ..key };
            Stage::Sort(keys.into_iter().map(key).collect())
        }
        Stage::Dedup { count, fields } => Stage::Dedup { count, fields: known.several(fields) },
        Stage::Where(filter) if input.is_some() => Stage::Where(fit_filter(filter, &known).simplify()),
        Stage::Extract { pattern, from } => Stage::Extract { pattern, from: known.one(from) },
        Stage::Rename(pairs) => fit_rename(pairs, &known)?,
        Stage::Lookup { table, key, field, fields } => Stage::Lookup {
            table,
            key,
            field: known.one(field),
            fields: fields_unless_needed(fields, input)?,
        },
        Stage::Join { kind, on, subquery } => fit_join(kind, on, *subquery, &known, time)?,
        stage @ Stage::Parse { .. } => return input.is_none().then_some(stage),
        stage @ (Stage::Context { .. } | Stage::Patterns { .. }) if first => stage,
        stage @ Stage::New { .. } if first && time.start.is_some() => stage,
        Stage::Context { .. } | Stage::Patterns { .. } | Stage::New { .. } => return None,
        stage => stage,
    };
    let after = columns(std::slice::from_ref(&fitted), input.map(<[String]>::to_vec)).unwrap_or_default();
    all_differ(after.iter().map(String::as_str)).then_some(fitted)
}

fn fields_unless_needed(fields: Vec<String>, input: Option<&[String]>) -> Option<Vec<String>> {
    (input.is_none() || !fields.is_empty()).then_some(fields)
}

fn fit_rename(pairs: Vec<(String, String)>, known: &Known<'_>) -> Option<Stage> {
    let pairs: Vec<(String, String)> = pairs.into_iter().map(|(old, new)| (known.one(old), new)).collect();
    let olds = || pairs.iter().map(|(old, _)| old.as_str());
    let news = || pairs.iter().map(|(_, new)| new.as_str());
    let apart = news().all(|new| olds().all(|old| old != new));
    (all_differ(olds()) && all_differ(news()) && apart).then_some(Stage::Rename(pairs))
}

fn fit_join(
    kind: JoinKind,
    on: Vec<String>,
    subquery: Query,
    known: &Known<'_>,
    time: TimeRange,
) -> Option<Stage> {
    let mut subquery = fit(Query { time, ..subquery });
    let on = known.several(on);
    // Whatever it gives, in the end it gives what is joined on and a column of its own.
    let names = on.iter().cloned().chain(["own column".to_owned()]);
    match columns(&subquery.stages, None) {
        None => subquery.stages.push(Stage::Fields(names.collect())),
        Some(right) if on.iter().all(|name| right.contains(name)) => {}
        Some(_) => return None,
    }
    let right = columns(&subquery.stages, None)?;
    let clash = known.0.is_some_and(|left| right.iter().any(|r| left.contains(r) && !on.contains(r)));
    let fits =
        all_differ(on.iter().map(String::as_str)) && all_differ(right.iter().map(String::as_str)) && !clash;
    fits.then(|| Stage::Join { kind, on, subquery: Box::new(subquery) })
}

/// Without conditions on the text, which tables do not have.
fn fit_filter(filter: Filter, known: &Known<'_>) -> Filter {
    let all = |parts: Vec<Filter>| parts.into_iter().map(|f| fit_filter(f, known)).collect();
    match filter {
        Filter::And(parts) => Filter::And(all(parts)),
        Filter::Or(parts) => Filter::Or(all(parts)),
        Filter::Not(inner) => Filter::Not(Box::new(fit_filter(*inner, known))),
        Filter::Text(_) | Filter::All => Filter::All,
        Filter::Field(FieldMatch { field: FieldName::Exact(name), predicate }) => {
            Filter::Field(FieldMatch { field: FieldName::Exact(known.one(name)), predicate })
        }
        field @ Filter::Field(_) => field,
    }
}
