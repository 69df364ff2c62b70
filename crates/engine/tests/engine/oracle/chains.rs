//! Random chains of stages.

use proptest::prelude::*;

use super::filters::filter;
use super::lines::{key, value};

/// Every aggregate function, of the field `f`.
pub(super) const AGGREGATES: [&str; 17] = [
    "count()",
    "count(f)",
    "count_distinct(f)",
    "count_distinct_approx(f)",
    "min(f)",
    "max(f)",
    "sum(f)",
    "avg(f)",
    "stddev(f)",
    "p90(f)",
    "median_approx(f)",
    "quantile_approx(0.99, f)",
    "first(f)",
    "last(f)",
    "values(f)",
    "quantile(0, f)",
    "sum(f) as again",
];

/// Every aggregate function, of some field, by some keys.
pub(super) fn aggregation() -> impl Strategy<Value = String> {
    let by = prop::sample::select(vec![
        "",
        " by status",
        " by level, status",
        " by bin(1h)",
        " by bin(10m), method",
        " by host",
        " by bin(bytes, 100)",
        " by bin(status, 2.5), bin(1h)",
    ]);
    let field =
        prop::sample::select(vec!["status", "bytes", "level", "user.id", "host", "_time", "_text", "_seq"]);
    (by, field).prop_map(|(by, field)| {
        let calls = AGGREGATES.map(|call| call.replace("f)", &format!("{field})")));
        format!("stats {}{by}", calls.join(", "))
    })
}

/// Stages that make a table and what may follow in it.
pub(super) fn table() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "timechart 10m count()",
        "timechart 1d count(), avg(bytes), rate(bytes), rate() by status",
        "timechart 7d count_distinct(host), stddev(status) by level, host",
        "top path",
        "top 2 status",
        "top 1 status, host by level",
        "rare 3 level by status",
        "rare 2 user.id",
        "top 2 nowhere",
        "top 2 status | sort count, status | head 1",
        "stats count() by path | sort -count, path | head 3",
        "stats count() as n by host, status | sort -n, status desc | head 2",
        "stats count() as n, max(bytes) as most by level | where n>1 | eval x = most * n, y = upper(level) | fields y, x",
        "stats count() as n by level | lookup weights on level fields weight | sort -weight, level | tail 2",
        "stats count() as n by status | join left on status (error | stats count() as m by status) | rename m as errors",
        "stats values(level) as v by status | extract \"<a>, <b>\" from v | dedup a",
        "fields level, status, _time, _text | sort status, level, -_time, _text | tail 7 | dedup 2 level",
        "sort -status, level, _seq | head 5",
        "sort _time, _seq | dedup level | fields _seq, level",
    ]);
    prop_oneof![3 => aggregation(), 5 => fixed.prop_map(str::to_owned)]
}

/// A stage between records and records.
fn of_records() -> impl Strategy<Value = String> {
    let expr = prop::sample::select(vec![
        "status * 2 + 1",
        "if(status >= 400, \"bad\", \"good\")",
        "coalesce(bytes, status, length(_text))",
        "lower(level)",
        "bin(_time, 1h)",
        "substring(path, 0, 2)",
        "unix(_time) % 7",
    ]);
    prop_oneof![
        3 => filter().prop_map(|f| format!("where {f}")),
        3 => (key(), expr).prop_map(|(k, e)| format!("eval \"{k}\" = {e}")),
        1 => key().prop_map(|k| format!("extract /(?<level>[a-z]+)[^a-z]*(?<x>[0-9]*)/ from \"{k}\"")),
        1 => Just("extract \"user <level> \"".to_owned()),
        1 => prop::sample::select(vec!["json", "logfmt", "kv", "csv(a, level, c)"]).prop_map(|f| format!("parse {f} as p")),
        1 => key().prop_map(|k| format!("parse json from \"{k}\"")),
        1 => key().prop_filter("other", |k| k != "status").prop_map(|k| format!("rename status as code, \"{k}\" as other")),
        1 => Just("lookup weights on level fields weight".to_owned()),
        1 => value().prop_map(|v| format!("join on level ({v:?} | stats count() as n by level)")),
        1 => (1u32..9).prop_map(|n| format!("head {n}")),
        1 => (1u32..9).prop_map(|n| format!("tail {n}")),
        1 => key().prop_map(|k| format!("dedup 2 \"{k}\"")),
        1 => Just("sample 1/2".to_owned()),
    ]
}

/// A chain of stages.
pub(super) fn chain() -> impl Strategy<Value = String> {
    (proptest::collection::vec(of_records(), 0..4), proptest::option::weighted(0.6, table()))
        .prop_map(|(stages, table)| stages.into_iter().chain(table).collect::<Vec<_>>().join(" | "))
        .prop_filter("a chain has a stage", |chain| !chain.is_empty())
}

/// The table that `lookup` looks in.
pub(super) const WEIGHTS: &str = "level,weight\nerror,3\nwarn,2\na,1\n500,7\n";
