//! What each form looks like.

use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex};

use gastrolog_engine::{Answer, ExplainNode, Fact, FoundRecord, InContext, Value};
use gastrolog_types::{Attributes, Record, Timestamp};

use super::*;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn shown(form: Form, terminal: bool, color: bool, pieces: Vec<Answer>) -> Vec<u8> {
    let shared = Shared::default();
    let style = Style { form, terminal, color, times: Times::utc() };
    let mut p = printer(&style, BufWriter::new(Box::new(shared.clone())));
    for piece in pieces {
        print(&mut *p, piece).unwrap();
    }
    p.flush().unwrap();
    shared.0.lock().unwrap().clone()
}

fn text_of(form: Form, pieces: Vec<Answer>) -> String {
    String::from_utf8(shown(form, false, false, pieces)).unwrap()
}

fn record(text: &[u8]) -> Answer {
    let record = Record {
        seq: 7,
        source: Timestamp(1_760_104_536_123_456_789),
        ingest: Timestamp(1_760_104_540_000_000_000),
        attributes: Attributes::new([("host", &b"web-1"[..])]),
        text: text.to_vec(),
    };
    let fields = vec![
        ("status".into(), b"500".to_vec()),
        ("tags[]".into(), b"a".to_vec()),
        ("tags[]".into(), b"b".to_vec()),
        ("bin".into(), b"\xff".to_vec()),
    ];
    Answer::Record(FoundRecord { record, fields, computed: vec![], context: None })
}

fn table() -> Vec<Answer> {
    vec![
        Answer::Columns(vec!["path".into(), "count()".into(), "avg(d)".into(), "t".into()]),
        Answer::Row(vec![
            Value::Text(b"/a,\"b\"\n\t".to_vec()),
            Value::Int(1200),
            Value::Float(0.5),
            Value::Time(Timestamp(1_760_104_536_000_000_000)),
        ]),
        Answer::Row(vec![Value::Null, Value::Int(-3), Value::Float(f64::NAN), Value::Null]),
    ]
}

#[test]
fn raw_is_the_bytes() {
    let text = b"a\x1b[31m\r\xff\xfe\x00\ttab";
    let expected = [&text[..], b"\n"].concat();
    assert_eq!(shown(Form::Raw, false, false, vec![record(text)]), expected);
    assert_eq!(shown(Form::Raw, true, false, vec![record(b"a\x1b[31m")]), b"a\\x1b[31m\n");
    assert_eq!(text_of(Form::Raw, table()), "/a,\"b\"\\n\\t\t1200\t0.5\t2025-10-10T13:55:36Z\n\t-3\tNaN\t\n");
}

#[test]
fn json_is_an_object_a_line() {
    assert_eq!(
        text_of(Form::Json, vec![record(b"say \"hi\"\x01")]),
        concat!(
            r#"{"_time":"2025-10-10T13:55:36.123456789Z","_ingest":"2025-10-10T13:55:40Z","_seq":7,"#,
            r#""_text":"say \"hi\"\u0001","host":"web-1","status":"500","tags[]":["a","b"],"bin_base64":"/w=="}"#,
            "\n"
        )
    );
    let not_utf8 = text_of(Form::Json, vec![record(b"\xffx")]);
    assert!(not_utf8.contains(r#""_text_base64":"/3g=""#), "{not_utf8}");
    assert_eq!(
        text_of(Form::Json, table()),
        concat!(
            r#"{"path":"/a,\"b\"\n\t","count()":1200,"avg(d)":0.5,"t":"2025-10-10T13:55:36Z"}"#,
            "\n",
            r#"{"path":null,"count()":-3,"avg(d)":null,"t":null}"#,
            "\n"
        )
    );
}

#[test]
fn csv_quotes_what_needs_it() {
    assert_eq!(
        text_of(Form::Csv, table()),
        "path,count(),avg(d),t\n\"/a,\"\"b\"\"\n\t\",1200,0.5,2025-10-10T13:55:36Z\n,-3,NaN,\n"
    );
    assert_eq!(
        text_of(Form::Csv, vec![record(b"x"), record(b"\"")]),
        "_time,_ingest,_seq,_text\n2025-10-10T13:55:36.123456789Z,2025-10-10T13:55:40Z,7,x\n\
         2025-10-10T13:55:36.123456789Z,2025-10-10T13:55:40Z,7,\"\"\"\"\n"
    );
}

#[test]
fn tables_are_aligned() {
    assert_eq!(
        text_of(Form::Table, table()),
        "path        count()  avg(d)  t\n\
         /a,\"b\"\\n\\t     1200     0.5  2025-10-10 13:55:36.000\n                 -3     NaN  \n"
    );
    assert_eq!(text_of(Form::Pretty, table()), text_of(Form::Table, table()));
    let records = text_of(Form::Table, vec![record(b"x"), record(b"y\n")]);
    assert_eq!(
        records,
        "_time                    _seq  _text\n2025-10-10 13:55:36.123     7  x\n2025-10-10 13:55:36.123     7  y\\n\n"
    );
    let many = (0..3000).map(|i| Answer::Row(vec![Value::Int(i)]));
    let all = text_of(Form::Table, std::iter::once(Answer::Columns(vec!["n".into()])).chain(many).collect());
    assert_eq!(all.lines().count(), 3001);
}

#[test]
fn pretty_shows_time_and_colours_the_level() {
    assert_eq!(
        text_of(Form::Pretty, vec![record(b"an ERROR\x1b")]),
        "2025-10-10 13:55:36.123  an ERROR\\x1b\n"
    );
    let colored = String::from_utf8(shown(Form::Pretty, true, true, vec![record(b"an ERROR x")])).unwrap();
    assert!(colored.contains("\x1b[1m\x1b[31mERROR\x1b[0m x\n"), "{colored:?}");
}

#[test]
fn plans_are_trees() {
    let leaf = |title: &str| ExplainNode {
        title: title.into(),
        facts: vec![("rows".into(), Fact::Count(12_000)), ("read".into(), Fact::Bytes(3_500_000))],
        children: vec![],
    };
    let scan = ExplainNode { children: vec![leaf("chunk A"), leaf("chunk B")], ..leaf("scan") };
    let facts = vec![("why".into(), Fact::Text("no index".into())), ("time".into(), Fact::Nanos(1_500))];
    let root = ExplainNode { title: "query".into(), facts, children: vec![scan, leaf("sort")] };
    assert_eq!(
        plan_tree(&root, false),
        "query  why: no index, time 1.50 µs\n\
         ├─ scan  rows 12,000, read 3.50 MB\n\
         │  ├─ chunk A  rows 12,000, read 3.50 MB\n\
         │  └─ chunk B  rows 12,000, read 3.50 MB\n\
         └─ sort  rows 12,000, read 3.50 MB\n"
    );
    let json = plan_json(&root);
    assert_eq!(
        json["children"][0]["children"][1]["facts"][1],
        serde_json::json!({"name": "read", "bytes": 3_500_000})
    );
}

/// A record with computed fields in stretch `stretch`.
fn near(stretch: u64, matched: bool) -> Answer {
    let Answer::Record(found) = record(b"x") else { panic!("a record") };
    let computed = [
        ("status", Value::Int(5)),
        ("d", Value::Float(0.5)),
        ("t", Value::Time(Timestamp(1_760_104_536_000_000_000))),
        ("s", Value::Text(b"a \"b\"".to_vec())),
        ("gone", Value::Null),
    ];
    let computed = computed.map(|(n, v)| (n.to_owned(), v)).to_vec();
    Answer::Record(FoundRecord { computed, context: Some(InContext { stretch, matched }), ..found })
}

#[test]
fn computed_fields_and_context() {
    let all = || vec![near(0, true), near(0, false), near(1, true)];
    assert_eq!(text_of(Form::Raw, all()), "x\nx\n--\nx\n");
    let pretty = text_of(Form::Pretty, all());
    let line = "2025-10-10 13:55:36.123  x status=5 d=0.5 t=2025-10-10T13:55:36.000 s=\"a \\\"b\\\"\"\n";
    assert_eq!(pretty, format!("{line}{line}--\n{line}"));
    let json = text_of(Form::Json, all());
    let expected = |context: &str| {
        format!(
            r#"{{"_time":"2025-10-10T13:55:36.123456789Z","_ingest":"2025-10-10T13:55:40Z","_seq":7,"_text":"x",{context}"host":"web-1","tags[]":["a","b"],"bin_base64":"/w==","status":5,"d":0.5,"t":"2025-10-10T13:55:36Z","s":"a \"b\""}}"#
        )
    };
    let lines: Vec<&str> = json.lines().collect();
    assert_eq!(lines, [expected(""), expected(r#""_context":true,"#), expected("")]);
    let colored = String::from_utf8(shown(Form::Pretty, true, true, vec![near(0, false)])).unwrap();
    assert!(colored.contains("\x1b[2mx\x1b[0m\x1b[2m status=5"), "{colored:?}");
}
