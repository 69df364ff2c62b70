//! Records and the fields they must have.

use gastrolog_index::{Claim, Indexer, NamePart, Pipeline, RangeSet};
use gastrolog_indexer_json::JsonIndexer;

use crate::{fields, index};

#[track_caller]
fn check(record: &str, want: &[(&str, &str)]) {
    let out = index(record.as_bytes()).unwrap_or_else(|| panic!("refused: {record}"));
    let want: Vec<_> = want.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    assert_eq!(fields(record.as_bytes(), &out), want, "{record}");
}

#[track_caller]
fn refused(record: &str) {
    assert!(index(record.as_bytes()).is_none(), "{record}");
}

#[test]
fn objects_and_arrays() {
    check(
        r#"{"level":"error","user":{"id":123},"ok":true,"x":null,"f":-1.5e+3}"#,
        &[("level", "error"), ("user.id", "123"), ("ok", "true"), ("x", "null"), ("f", "-1.5e+3")],
    );
    check(
        r#"{"tags":["a","b"],"items":[{"id":1},{"id":2}],"m":[[1],[2,3]]}"#,
        &[
            ("tags[]", "a"),
            ("tags[]", "b"),
            ("items[].id", "1"),
            ("items[].id", "2"),
            ("m[][]", "1"),
            ("m[][]", "2"),
            ("m[][]", "3"),
        ],
    );
    check(r#"[1,{"a":"b"},[false]]"#, &[("[]", "1"), ("[].a", "b"), ("[][]", "false")]);
    check(" \t{ \"a\" :\n1 , \"b\" : \"\" } \r\n", &[("a", "1"), ("b", "")]);
    check(r#"{"a":{},"b":[],"c":[{}, [ ]]}"#, &[]);
    check("{}", &[]);
}

#[test]
fn keys_and_strings_keep_their_bytes() {
    check(
        r#"{"id.orig_h":1,"a\"b":"c\"d\\","é":"\u00e9","":2}"#,
        &[("id.orig_h", "1"), ("a\"b", r#"c\"d\\"#), ("é", r"\u00e9"), ("", "2")],
    );
    check(r#"{"a":1,"a":2}"#, &[("a", "1"), ("a", "2")]);
    check("{\"a\":\"tab\there\"}", &[("a", "tab\there")]);
}

#[test]
fn every_string_has_the_same_escape() {
    let out = index(br#"{"a":"x","b":"\n","c":1}"#).unwrap();
    let escapes: Vec<_> = out.spans().iter().map(|s| s.escape as u8).collect();
    assert_eq!(escapes, [1, 1, 0]);
}

#[test]
fn times_are_marked_near_the_top() {
    check(
        r#"{"ts":1,"uptime":2,"e":{"time":"x","f":{"time":"y"}}}"#,
        &[("ts!", "1"), ("uptime", "2"), ("e.time!", "x"), ("e.f.time", "y")],
    );
    check(r#"{"t":{"$date":"2020"},"time":["a"]}"#, &[("t.$date!", "2020"), ("time[]", "a")]);
}

#[test]
fn what_is_not_json_is_refused() {
    for record in [
        "",
        "  ",
        "plain text",
        "\"string\"",
        "12",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1",
        "{\"a\":\"x}",
        "{\"a\":tru}",
        "{\"a\":1 2}",
        "{a:1}",
        "{'a':1}",
        "[1,]",
        "[1}",
        "[main] started",
        "[12.5] usb",
        "{main} {x}",
        "f(x){\"a\"",
    ] {
        refused(record);
    }
}

#[test]
fn the_tail_of_a_cut_off_record_is_not_taken_for_a_whole_one() {
    refused(r#"{"a":1,"user":{"id":1},"msg":"cut o"#);
}

/// Takes what the JSON indexer leaves and pushes it under `rest`.
struct Rest;

impl Indexer for Rest {
    fn name(&self) -> &'static str {
        "rest"
    }

    fn index(&self, _: &[u8], part: std::ops::Range<usize>, out: &mut RangeSet) -> Claim {
        let name = out.name(gastrolog_index::Name::ROOT, NamePart::Static("rest"));
        out.plain(part, name);
        Claim::Yes
    }
}

#[track_caller]
fn check_embedded(record: &str, want: &[(&str, &str)]) {
    let mut out = RangeSet::default();
    Pipeline::new(vec![Box::new(JsonIndexer), Box::new(Rest)]).parse(record.as_bytes(), &mut out);
    let want: Vec<_> = want.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    assert_eq!(fields(record.as_bytes(), &out), want, "{record}");
}

#[test]
fn text_around_an_object_is_left_to_others() {
    check_embedded(r#"2024-01-01 INFO {"a":1}"#, &[("rest", "2024-01-01 INFO"), ("a", "1")]);
    check_embedded(r#"{"a":1} trailing"#, &[("a", "1"), ("rest", "trailing")]);
    check_embedded(r#"[main] got {"a":{"b":"c"}}  "#, &[("rest", "[main] got"), ("a.b", "c")]);
    check_embedded(r#"{main} {"a":1}"#, &[("rest", "{main}"), ("a", "1")]);
    check_embedded(r#"x {"bad" {"a":1}"#, &[("rest", r#"x {"bad""#), ("a", "1")]);
    // The other indexers are asked once each, so the second text is plain.
    check_embedded(r#"text {"a":1} more"#, &[("text", "text"), ("a", "1"), ("rest", "more")]);
}

#[test]
fn limits_end_in_one_unnamed_range() {
    let array = format!("{{\"a\":[{}1],\"b\":2}}", "1,".repeat(99));
    let got = fields(array.as_bytes(), &index(array.as_bytes()).unwrap());
    assert_eq!(got.len(), 64 + 1 + 1);
    assert_eq!(got[64].0, "text");
    assert_eq!(got[64].1.len(), 36 * 2 - 1);
    assert_eq!(got[65], ("b".to_owned(), "2".to_owned()));

    let members: Vec<String> = (0..3000).map(|i| format!("\"k{i}\":{i}")).collect();
    let object = format!("{{\"o\":{{{}}},\"z\":1}}", members.join(","));
    let got = fields(object.as_bytes(), &index(object.as_bytes()).unwrap());
    assert_eq!(got.len(), 1023 + 2);
    assert_eq!(got[1024], ("text".to_owned(), "\"z\":1".to_owned()));

    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let got = fields(deep.as_bytes(), &index(deep.as_bytes()).unwrap());
    assert_eq!(got, [("text".to_owned(), deep[33..168].to_owned())]);
    refused(&format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)));
    refused(&"{\"a\":".repeat(100_000));
}
