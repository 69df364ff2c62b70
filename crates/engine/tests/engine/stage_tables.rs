//! Stages one by one, with what exactly comes out.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::sync::Arc;

use crate::support::{ask, memory_engine, pipeline};
use gastrolog_engine::{
    Access, Answer, Cancel, Engine, EngineConfig, EngineError, Location, OpenOptions, Order, QueryRequest,
    Service, StoreConfig, Value,
};
use gastrolog_env::Env;
use gastrolog_types::{Attributes, Batch, Timestamp};

/// 2026-11-18T11:06:40Z
const NOW: i64 = 1_795_000_000_000_000_000;

fn fill(engine: &Engine, lines: &[&str]) {
    let mut batch = Batch::default();
    for (i, line) in lines.iter().enumerate() {
        let time = Timestamp(NOW + i as i64 * 1_000_000_000);
        batch.push(line.as_bytes(), &Attributes::new([("host", *b"h1")]), time, Timestamp::NONE);
    }
    engine.append("", batch).unwrap();
}

fn engine(lines: &[&str]) -> Arc<Engine> {
    let engine = memory_engine(StoreConfig::default());
    fill(&engine, lines);
    engine
}

fn request(query: &str) -> QueryRequest {
    QueryRequest {
        query: query.to_owned(),
        order: Order::Write,
        oldest_first: true,
        ..QueryRequest::default()
    }
}

fn show(value: &Value) -> String {
    value.text().map_or("null".to_owned(), |text| String::from_utf8_lossy(&text).into_owned())
}

/// Rows with bars between their values, a head line above those of tables; of records their computed fields.
fn shown(answers: &[Answer]) -> Vec<String> {
    let line = |answer: &Answer| match answer {
        Answer::Columns(names) => names.join("|"),
        Answer::Row(values) => values.iter().map(show).collect::<Vec<_>>().join("|"),
        Answer::Record(found) => {
            let computed = found.computed.iter().map(|(n, v)| format!("{n}={}", show(v)));
            computed.collect::<Vec<_>>().join(" ")
        }
        other => panic!("{other:?}"),
    };
    answers.iter().map(line).collect()
}

fn check(engine: &Engine, query: &str, expected: &[&str]) {
    assert_eq!(shown(&ask(engine, &request(query))), expected, "{query}");
}

fn error(engine: &Engine, request: &QueryRequest) -> EngineError {
    engine.query(request, &Cancel::default(), &mut |_| true).unwrap_err()
}

#[test]
fn parse_takes_values_apart() {
    let store = engine(&[
        r#"level=info body="{\"level\":\"warn\",\"user\":{\"id\":7},\"tags\":[\"x\",\"y\"]}" n=1"#,
        r#"level=info body="took=5ms" n=2"#,
        r#"level=info body="plain words" n=3"#,
        r#"n=4 level=info"#,
    ]);
    check(
        &store,
        "n=1 | parse json from body | fields level, user.id, tags[]",
        &["level|user.id|tags[]", "warn|7|x"],
    );
    check(
        &store,
        "n=1 | parse json from body as b | where b.tags[]=y level=info | fields level, b.level",
        &["level|b.level", "info|warn"],
    );
    check(&store, "| parse logfmt from body", &["", "took=5ms", "", ""]);
    check(&store, "n=2 | parse kv from body as b", &["b.took=5ms"]);
    check(&store, "| parse kv | where n>2 | fields n", &["n", "3", "4"]);
}

#[test]
fn parse_csv_names_values() {
    let store = engine(&[r#"1,"a, b",x,more"#, "2,c"]);
    check(&store, "| parse csv(id, name, end)", &["id=1 name=a, b end=x", "id=2 name=c"]);
    check(&store, "| parse csv(id, name) as t | stats count() by t.name", &["t.name|count", "a, b|1", "c|1"]);
}

#[test]
fn extract_cuts_by_regex_or_template() {
    let store = engine(&["GET /a/b took 12 ms", "POST /c took x ms", "nothing"]);
    check(
        &store,
        r"| extract /(?<method>GET|POST) (?<path>\S+)( took (?<ms>\d+))?/",
        &["method=GET path=/a/b ms=12", "method=POST path=/c", ""],
    );
    check(
        &store,
        r#"| extract "<method> <path> took <ms> ms" | where ms>10 | eval s = ms / 1000 | fields path, s"#,
        &["path|s", "/a/b|0.012"],
    );
    check(
        &store,
        r#"| extract "<method> <path> took" | stats count() by path | extract "/<first>/<_>" from path"#,
        &["path|count|first", "|1|null", "/a/b|1|a", "/c|1|null"],
    );
}

#[test]
fn computed_fields_hide_others_and_come_with_records() {
    let store = engine(&["a=1 b=2", "a=3 b=4"]);
    check(&store, "| eval a = a + b, c = a * 10", &["a=3 c=30", "a=7 c=70"]);
    check(&store, "| eval host = null | where NOT host=*", &["host=null", "host=null"]);
    check(&store, "| eval a = a + 2 | sort -a | stats count() by a", &["a|count", "3|1", "5|1"]);
    check(&store, "| eval b = null | stats count(b), sum(a)", &["count(b)|sum(a)", "0|4"]);
    check(&store, "| rename a as b, b as c", &["a=null b=1 c=2", "a=null b=3 c=4"]);
    check(&store, "| rename a as z | where NOT a=* z=3 | fields a, z, host", &["a|z|host", "null|3|h1"]);
    check(&store, "| where a>1 \"b=4\" | fields b", &["b", "4"]);
}

#[test]
fn where_on_tables_sees_columns() {
    let store = engine(&["a=1 b=2", "a=1 b=5", "a=x b=1"]);
    let table = "| stats avg(b) as m, max(_time) as t by a";
    check(&store, &format!("{table} | where m=3.5 | fields a"), &["a", "1"]);
    check(&store, &format!("{table} | where m<=1"), &["a|m|t", "x|1|2026-11-18T11:06:42Z"]);
    check(
        &store,
        "| stats count() by bin(1s) | where _time=2026-11-18T11:06:4*Z count=1 | stats count()",
        &["count", "3"],
    );
}

#[test]
fn the_last_the_first_of_each_and_samples() {
    let lines: Vec<String> = (0..400).map(|i| format!("n={i} k={}", i % 3)).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let store = engine(&lines);
    check(&store, "| tail 2 | fields n", &["n", "398", "399"]);
    check(&store, "| dedup 2 k | fields n", &["n", "0", "1", "2", "3", "4", "5"]);
    check(&store, "| sort -n | head 2 | fields n", &["n", "399", "398"]);
    check(&store, "| stats count() by k | tail 1", &["k|count", "2|133"]);
    check(&store, "| top 1 k by host | tail 1 | fields k, percent", &["k|percent", "0|33.5"]);
    // A sample is the same ones every time, whatever is done before it.
    let sample = shown(&ask(&store, &request("| sample 1/20 | fields n")));
    assert!((8..40).contains(&sample.len()), "{sample:?}");
    assert_eq!(
        shown(&ask(&store, &request("| eval x = 1 | sort -n | sample 5% | sort n | fields n"))),
        sample
    );
    let of_table = ask(&store, &request("| fields n | sample 1/20")).len();
    assert!((8..40).contains(&of_table), "{of_table}");
}

#[test]
fn later_stages_stop_the_scan() {
    let engine = memory_engine(StoreConfig { row_group_bytes: 200, ..StoreConfig::default() });
    for i in 0..50 {
        fill(&engine, &[&format!("n={i} k=a"), &format!("n={i} k=b")]);
    }
    let query = "| where k=b | eval m = n + 1 | rename m as z | sample 1/1 | dedup n | fields z | head 3";
    let end = engine.query(&request(query), &Cancel::default(), &mut |_| true).unwrap();
    assert_eq!(end.returned, 3);
    assert!(end.matched < 60, "{}", end.matched);
}

#[test]
fn bins_are_the_same_in_expressions_and_in_groups() {
    let store = engine(&["x=0.3", "x=0.7", "x=1.1", "x=-0.05", "x=12"]);
    let bins = ["-0.1", "0.3", "0.7", "1.1", "12"];
    let by = ["x|count", "-0.1|1", "0.3|1", "0.7|1", "1.1|1", "12|1"];
    check(&store, "| stats count() by bin(x, 0.1)", &by);
    let rows: Vec<String> = std::iter::once("b".to_owned()).chain(bins.map(str::to_owned)).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    check(&store, "| eval b = bin(x, 0.1) | fields b | sort b", &rows);
}

/// Half of all numbers of 64 random bits are larger than any `i64`, and as floats some two thousand neighbours are one.
#[test]
fn ids_of_64_bits_are_told_apart() {
    let store = engine(&[
        "id=13898745563721341952 v=a",
        "id=13898745563721341953 v=b",
        "id=13898745563721341954 v=c",
        "id=18446744073709551616 v=d",
    ]);
    for _ in 0..2 {
        check(&store, "id=13898745563721341953 | fields v", &["v", "b"]);
        check(&store, "id>13898745563721341953 id<18446744073709551616.0 | fields v", &["v", "c"]);
        check(&store, "id=18446744073709551616.0 | fields v", &["v", "d"]);
        check(&store, "| where id = 13898745563721341954 | fields v", &["v", "c"]);
        check(&store, "| fields v, id | join on id (v=b | fields id)", &["v|id", "b|13898745563721341953"]);
        check(
            &store,
            "| stats min(id), max(id), count_distinct(id)",
            &["min(id)|max(id)|count_distinct(id)", "13898745563721341952|18446744073709551616|4"],
        );
        check(&store, "v in (a, b, c) | sort by id desc | fields v", &["v", "c", "b", "a"]);
        store.seal("").unwrap();
    }
}

#[test]
fn joins_add_the_columns_of_partners() {
    let store = engine(&["a=1 v=x", "a=2 v=y", "a=01 v=z", "v=w q=1"]);
    let side = "(v!=w | fields a, v | rename v as other)";
    check(
        &store,
        &format!("| fields a, v | join on a {side}"),
        &["a|v|other", "1|x|x", "1|x|z", "2|y|y", "01|z|x", "01|z|z"],
    );
    check(&store, &format!("v=w | join left on a {side}"), &[""]);
    check(&store, &format!("v=w | join on a {side}"), &[]);
    check(
        &store,
        &format!(
            "v=y | join on a {side} | join on other (v=y | stats count() as n by v | rename v as other)"
        ),
        &["other=y n=1"],
    );
    // A join in a join: 1 and 01 are each two partners of both.
    check(
        &store,
        "| join on a (| stats count() as n by a | join on a (a=1 | fields a)) | stats sum(n) by a",
        &["a|sum(n)", "01|4", "1|4"],
    );
}

#[test]
fn a_subquery_takes_the_time_of_the_query_around_it() {
    let store = engine(&["a=1 n=1", "a=1 n=2", "a=1 n=3"]);
    let bounds = "start=2026-11-18T11:06:41Z end=2026-11-18T11:06:42Z";
    check(&store, &format!("{bounds} | join on a (| stats count() as all by a)"), &["all=1"]);
    check(
        &store,
        &format!("{bounds} | join on a (start=2026-11-18T11:06:41Z | stats count() as all by a)"),
        &["all=2"],
    );
    let last = QueryRequest { last_ms: Some(1), ..request("| join on a (| stats count() as all by a)") };
    assert_eq!(shown(&ask(&store, &last)), Vec::<String>::new());
}

#[test]
fn lookups_are_sent_along_or_files() {
    let dir = std::env::temp_dir().join(format!("gastrolog-lookups-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("lookups")).unwrap();
    std::fs::write(
        dir.join("lookups/hosts.csv"),
        "\u{feff}ip,name,rack\n10.0.0.1,web,r1\n10.0.0.2,\"d\nb\"\n",
    )
    .unwrap();
    let store = Engine::open(OpenOptions {
        location: Location::Dir(dir.clone()),
        access: Access::ReadWrite,
        config: EngineConfig::default(),
        pipeline: pipeline(),
        env: Env::real(),
    })
    .unwrap();
    fill(&store, &["addr=10.0.0.1 n=1", "addr=10.0.0.2 n=2", "addr=10.0.0.3 rack=own"]);
    check(&store, "| lookup hosts on ip as addr", &["name=web rack=r1", "name=d\nb rack=null", ""]);
    check(
        &store,
        "| lookup hosts on ip as addr fields rack | stats count() by rack",
        &["rack|count", "|1", "own|1", "r1|1"],
    );
    let sent = QueryRequest {
        lookups: vec![("hosts".into(), b"ip,name\r\n10.0.0.3,sent".to_vec())],
        ..request("| lookup hosts on ip as addr | where name=sent | fields n, name")
    };
    assert_eq!(shown(&ask(&store, &sent)), ["n|name", "null|sent"]);

    let unknown = error(&store, &request("| lookup nets on ip as addr"));
    let wanted = format!(
        "there is no table \"nets\": none was sent along with the query (--lookup), and there is no \
                          file {} (tables there: hosts)",
        dir.join("lookups/nets.csv").display()
    );
    assert!(matches!(unknown, EngineError::NotFound(m) if m == wanted));
    let column = error(&store, &request("| lookup hosts on ipp as addr fields name"));
    assert!(
        matches!(column, EngineError::BadQuery(m) if m == "the table hosts has no column \"ipp\" (it has: ip, name, rack)")
    );
    let path = error(&store, &request("| lookup \"../hosts\" on ip as addr"));
    assert!(matches!(path, EngineError::BadQuery(m) if m.contains("cannot be the name of a table")));
    store.close();
    std::fs::remove_dir_all(Path::new(&dir)).unwrap();
}

#[test]
fn bad_tables_are_refused_with_their_reason() {
    let store = engine(&["a=1 b=2"]);
    for (csv, reason) in [
        ("k,k\n1,2", "two columns \"k\""),
        ("k,\n1,2", "column 2 of the table t has no name"),
        ("k,v\n1,2\n1,2,3", "row 3 of the table t has 3 values, its head has 2"),
        ("v\n1", "no column \"k\" (it has: v)"),
    ] {
        let sent = vec![("t".to_owned(), csv.as_bytes().to_vec())];
        let refused = error(&store, &QueryRequest { lookups: sent, ..request("| lookup t on k as a") });
        assert!(refused.to_string().contains(reason), "{refused}");
    }
}

#[test]
fn what_stages_hold_is_bounded() {
    let text = format!("a=1 b={}", "x".repeat(2000));
    let store = engine(&vec![text.as_str(); 200]);
    for query in
        ["| sort a", "| tail 150", "| eval c = concat(b, _seq) | dedup c", "| join on a (| fields a, b)"]
    {
        let small = QueryRequest { memory_bytes_max: Some(200_000), ..request(query) };
        let refused = error(&store, &small);
        assert!(matches!(refused, EngineError::LimitReached(_)), "{query}: {refused}");
    }
    let few = QueryRequest { memory_bytes_max: Some(2_000_000), ..request("| tail 5 | fields a") };
    assert_eq!(ask(&store, &few).len(), 6);
}

#[test]
fn rows_that_multiply_can_be_cancelled_and_rows_that_grow_are_refused() {
    let store = engine(&["k=1 n=2"; 2000]);
    let all = "join on k (| fields k)";
    let hang = QueryRequest {
        timeout_ms: Some(100),
        ..request(&format!("| {all} | {all} | {all} | stats count()"))
    };
    let begin = std::time::Instant::now();
    assert!(matches!(error(&store, &hang), EngineError::LimitReached(_)));
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());

    let long = format!("k=1 b={}", "x".repeat(900_000));
    let store = engine(&[long.as_str()]);
    let copies: Vec<String> = (0..100).map(|i| format!("c{i} = b")).collect();
    let refused = error(&store, &request(&format!("| eval {}", copies.join(", "))));
    assert!(
        refused.to_string().starts_with("the computed fields of a row need more than 64 MiB"),
        "{refused}"
    );
}
