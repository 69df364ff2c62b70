//! Fields, values, and notes about fields that no record has.
#![expect(clippy::unwrap_used, reason = "tests")]

use gastrolog_engine::{
    Cancel, Engine, EngineError, FieldInfo, QueryRequest, Service, StoreConfig, ValuesRequest,
};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::support::memory_engine;

fn add(engine: &Engine, lines: &str) {
    let host = Attributes::new([("host", &b"a"[..])]);
    engine.append("", Batch::from_lines(lines.as_bytes().to_vec(), host, Timestamp(5))).unwrap();
}

fn fields(engine: &Engine, query: &str) -> Vec<FieldInfo> {
    let request = QueryRequest { query: query.into(), ..QueryRequest::default() };
    engine.fields(&request, &Cancel::default()).unwrap().fields
}

fn field(name: &str, values: u64, kind: &str, distinct: u64) -> FieldInfo {
    let (name, kind) = (name.into(), kind.into());
    FieldInfo { name, values, kind, distinct: Some(distinct), distinct_at_least: false }
}

fn ask(query: &str) -> QueryRequest {
    QueryRequest { query: query.into(), ..QueryRequest::default() }
}

#[test]
fn footers_and_a_query_say_the_same() {
    let engine = memory_engine(StoreConfig::default());
    add(&engine, "level=info status=200 took=1.5 ip=10.0.0.7\nlevel=warn status=404 took=2 ip=::1\n");
    engine.seal("").unwrap();
    add(&engine, "level=info status=200 took=7 ok=true ip=10.0.0.7\n");
    engine.seal("").unwrap();
    let wanted = [
        field("host", 3, "text", 1),
        field("ip", 3, "address", 2),
        field("level", 3, "text", 2),
        field("status", 3, "integer", 2),
        field("took", 3, "number", 3),
        field("ok", 1, "bool", 1),
    ];
    assert_eq!(fields(&engine, ""), wanted);
    assert_eq!(fields(&engine, "status>0"), wanted);
    assert_eq!(
        fields(&engine, "level=warn")[1..3],
        [field("ip", 1, "address", 1), field("level", 1, "text", 1)]
    );
    // What is not in a chunk yet counts too.
    add(&engine, "level=error extra=1");
    let now = fields(&engine, "*");
    assert_eq!(now[0], FieldInfo { distinct_at_least: true, ..field("host", 4, "text", 1) });
    assert!(now.contains(&field("extra", 1, "integer", 1)));
    let computed = fields(&engine, "level=warn | eval status = status * 2, more = 1.5");
    assert!(computed.contains(&field("more", 1, "number", 1)), "{computed:?}");
    let table = engine.fields(&ask("* | stats count()"), &Cancel::default());
    assert!(matches!(table, Err(EngineError::BadQuery(_))));
}

/// A footer has room for 4,096 fields; the others stand in the headers of row groups. What stands nowhere is said.
#[test]
fn fields_that_no_footer_has_are_listed_or_said() {
    let engine = memory_engine(StoreConfig { row_group_bytes: 100 << 10, ..StoreConfig::default() });
    // Of a thousand names in a row group.
    for k in 0..5 {
        let fields: String = (0..1000).map(|i| format!("f{k}-{i}=1 ")).collect();
        add(&engine, &format!("{fields}only=7\n").repeat(20));
    }
    engine.seal("").unwrap();
    let list = engine.fields(&ask(""), &Cancel::default()).unwrap();
    let names: Vec<&str> = list.fields.iter().map(|f| f.name.as_str()).collect();
    assert_eq!((names.len(), &names[..2], list.notes.len()), (5002, &["host", "only"][..], 0));
    assert_eq!(list.fields[1].values, 100);
    // Where each record has a name of its own, records are kept as text, and queries look for fields in it.
    let odd: String = (0..5000).map(|i| format!("g{i}=1\n")).collect();
    add(&engine, &odd);
    engine.seal("").unwrap();
    let list = engine.fields(&ask(""), &Cancel::default()).unwrap();
    let said = format!("{} {}", list.fields.len(), list.notes.join(" "));
    assert!(said.starts_with("5002 fields of 5000 records"), "{said}");
    assert!(fields(&engine, "g4321=1").iter().any(|f| f.name == "g4321"));
}

#[test]
fn values_with_their_counts() {
    let engine = memory_engine(StoreConfig { footer_values: 5, ..StoreConfig::default() });
    add(&engine, "p=/a id=1\np=/a id=2\np=/b id=3\np=/api id=4");
    engine.seal("").unwrap();
    add(&engine, "p=/api id=5\np=/api id=6");
    let values = |field: &str, prefix: &str, limit| {
        let (field, prefix) = (field.to_owned(), prefix.to_owned());
        let list = engine.values(&ValuesRequest { store: String::new(), field, prefix, limit }).unwrap();
        let shown: Vec<String> =
            list.values.iter().map(|(v, n)| format!("{} {n}", String::from_utf8_lossy(v))).collect();
        (shown.join(", "), list.exact)
    };
    assert_eq!(values("p", "", None), ("/api 3, /a 2, /b 1".into(), true));
    assert_eq!(values("p", "/a", Some(1)), ("/api 3".into(), true));
    assert_eq!(values("none", "", None), (String::new(), true));
    add(&engine, &(0..50).map(|i| format!("id=x{i}\n")).collect::<String>());
    engine.seal("").unwrap();
    // The footer lists at most five: the columns are looked at.
    let (shown, exact) = values("id", "x4", Some(3));
    assert_eq!((shown.as_str(), exact), ("x4 1, x40 1, x41 1", true));
    assert_eq!(values("id", "", Some(1000)).0.split(", ").count(), 56);
    assert!(fields(&engine, "").iter().all(|f| !f.kind.is_empty()));
    // A query groups by the first value of a record only, so this is not all.
    add(&engine, &(0..50).map(|i| format!("{{\"tags\":[\"t{i}\",\"common\"]}}\n")).collect::<String>());
    engine.seal("").unwrap();
    assert_eq!(values("tags[]", "t1", None).0.split(", ").count(), 11);
    assert!(!values("tags[]", "", None).1 && !values("tags[]", "common", None).1);
}

#[test]
fn a_field_that_no_record_has_is_said() {
    let engine = memory_engine(StoreConfig::default());
    add(&engine, "status=200 path=/a\n");
    engine.seal("").unwrap();
    add(&engine, "status=200 pending=1\n");
    let notes = |query: &str| engine.query(&ask(query), &Cancel::default(), &mut |_| true).unwrap().notes;
    assert_eq!(notes("statsu=200"), ["no record has a field statsu; did you mean status?"]);
    assert_eq!(notes("statsu=200 | stats count()"), notes("statsu=200"));
    assert_eq!(notes("status=200 (pendign=1 OR zzzzzz>1)").len(), 2);
    assert_eq!(notes("* | where statsu=200"), notes("statsu=200"));
    for (query, said) in
        [("_time>2020-01-01", "_time is no field: start="), ("* | where _seq>0", "`eval x=_seq")]
    {
        assert!(notes(query)[0].contains(said), "{:?}", notes(query));
    }
    for fine in ["status=999", "pending=2", "host=b", "nothing", "NOT statsu=200"] {
        assert_eq!(notes(fine), [""; 0], "{fine}");
    }
}
