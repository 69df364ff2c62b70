//! What is taken out is gone, and nothing else is.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::redact::{Action, Pattern, RedactConfig, Redactor};

const PATTERNS: [&str; 6] = ["card", "email", "ipv4", "ipv6", "jwt", "api_key"];

fn rule_of(fields: &[&str], patterns: &[&str], action: Action) -> RedactConfig {
    let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    RedactConfig { fields: owned(fields), patterns: owned(patterns), action }
}

fn redacted(rules: &[RedactConfig], text: &str) -> String {
    let redactor = Redactor::new(rules).unwrap();
    let out = redactor.text(text.as_bytes(), &pipeline());
    out.map_or_else(|| text.to_owned(), |text| String::from_utf8(text).unwrap())
}

fn salted() -> Action {
    Action::Hash(b"0123456789abcdef".to_vec())
}

#[test]
fn fields_of_json_and_logfmt() {
    let rules = [rule_of(&["user.email", "password", "*.token", "ids[]"], &[], Action::default())];
    for (text, expected) in [
        (
            r#"{"user":{"email":"a@b.cc","id":7},"x": 1 }"#,
            r#"{"user":{"email":"[redacted]","id":7},"x": 1 }"#,
        ),
        (r#"{"password": 1234 ,"x":true}"#, r#"{"password": "[redacted]" ,"x":true}"#),
        (r#"{"password":{"old":"a","new":null}}"#, r#"{"password":{"old":"[redacted]","new":"[redacted]"}}"#),
        (r#"{"a":{"b":{"token":"x\"y"}},"token":"z"}"#, r#"{"a":{"b":{"token":"[redacted]"}},"token":"z"}"#),
        (r#"{"ids":[1, 2]}"#, r#"{"ids":["[redacted]", "[redacted]"]}"#),
        (
            r#"level=info password=hunter2 user.email="a b""#,
            r#"level=info password=[redacted] user.email="[redacted]""#,
        ),
        ("the password is hunter2", "the password is hunter2"),
    ] {
        assert_eq!(redacted(&rules, text), expected);
    }
    let gone = [rule_of(&["password"], &[], Action::Remove)];
    assert_eq!(redacted(&gone, r#"{"password":12,"a":"b"}"#), r#"{"password":null,"a":"b"}"#);
    assert_eq!(redacted(&gone, r#"{"password":"x"}"#), r#"{"password":""}"#);
    let hashed = [rule_of(&["user"], &[], salted())];
    let (json, logfmt) = (redacted(&hashed, r#"{"user":"ann"}"#), redacted(&hashed, "user=ann x=y"));
    let hash = json.strip_prefix(r#"{"user":""#).unwrap().strip_suffix(r#""}"#).unwrap();
    assert_eq!((hash.len(), logfmt), (23, format!("user={hash} x=y")));
    assert_ne!(redacted(&hashed, "user=bob x=y"), format!("user={hash} x=y"));
}

#[test]
fn patterns_anywhere() {
    let rules = [rule_of(&[], &PATTERNS, Action::default())];
    for (text, expected) in [
        ("4111 1111 1111 1111 by a@b.org from 10.1.2.3", "[redacted] by [redacted] from [redacted]"),
        (r#"{"card":4111111111111111,"n":5}"#, r#"{"card":"[redacted]","n":5}"#),
        (r#"{"text":"x: 4111111111111111, y"}"#, r#"{"text":"x: [redacted], y"}"#),
        ("order 1763725200000000000", "order 1763725200000000000"),
    ] {
        assert_eq!(redacted(&rules, text), expected);
    }
    // What is left stands together and is a secret: it goes too.
    let gone = [rule_of(&[], &["card", "/x+/"], Action::Remove)];
    assert_eq!(redacted(&gone, "41111111xx11111111 y"), " y");
}

#[test]
fn attributes_too_but_not_the_name_of_the_receiver() {
    let config = ProcessConfig {
        redact: vec![
            rule_of(&["user"], &["ipv4"], Action::default()),
            rule_of(&["secret"], &[], Action::Remove),
        ],
        ..ProcessConfig::default()
    };
    let mut batch = Batch::default();
    let pairs =
        [("receiver", "10.0.0.9"), ("peer", "10.0.0.1"), ("user", "ann"), ("secret", "s"), ("a", "b")];
    let attributes = Attributes::new(pairs.map(|(n, v)| (n, v.as_bytes())));
    batch.push(b"from 10.0.0.2", &attributes, Timestamp(1), Timestamp::NONE);
    batch.push(b"nothing", &attributes, Timestamp(1), Timestamp::NONE);
    let store = Arc::new(MemorySink::new());
    ProcessSink::new("own", store.clone(), Some(process(&config)), None).append(batch).unwrap();
    let expected = [("receiver", "10.0.0.9"), ("a", "b"), ("peer", "[redacted]"), ("user", "[redacted]")];
    for record in store.records() {
        let mut pairs: Vec<(&str, &[u8])> = record.attributes.iter().collect();
        pairs.sort();
        let mut expected = expected.map(|(n, v)| (n, v.as_bytes()));
        expected.sort();
        assert_eq!(pairs, expected);
    }
    assert_eq!(store.texts(), ["from [redacted]", "nothing"]);
}

#[test]
fn nothing_of_the_secret_is_in_what_is_handed_on() {
    struct Bytes(std::sync::Mutex<Vec<u8>>);
    impl Sink for Bytes {
        fn append(&self, batch: Batch) -> Result<gastrolog_ingest::Accepted, gastrolog_ingest::SinkError> {
            self.0.lock().unwrap().extend_from_slice(&batch.text);
            Ok(gastrolog_ingest::Accepted::stored(0, batch.len() as u64))
        }
    }
    let sink = Arc::new(Bytes(std::sync::Mutex::default()));
    let redact = vec![rule_of(&[], &["email"], Action::default())];
    let config = ProcessConfig { redact, drop: vec!["hidden".into()], ..ProcessConfig::default() };
    let front = ProcessSink::new("own", sink.clone(), Some(process(&config)), None);
    assert_eq!(front.append(lines(&["ann@example.org", "hidden words", "plain"])).unwrap().count, 2);
    assert_eq!(&sink.0.lock().unwrap()[..], b"[redacted]plain");
}

#[test]
fn mistakes_are_told() {
    let told = |rule: RedactConfig| Redactor::new(&[rule]).err().unwrap().to_string();
    assert!(told(rule_of(&[], &[], Action::default())).contains("fields"));
    assert!(told(rule_of(&["a"], &[], Action::Replace("a\"b".into()))).contains("visible"));
    assert!(told(rule_of(&["a"], &[], Action::Hash(b"short".to_vec()))).contains("16 bytes"));
    assert!(told(rule_of(&[], &["/[a-z]+/"], Action::default())).contains("takes its place"));
    assert!(told(rule_of(&[], &["/[a-z]+/"], salted())).contains("takes its place"));
}

/// A text of inert words and secrets, and the places of the secrets.
fn text_with_secrets() -> impl Strategy<Value = Vec<(String, bool)>> {
    let secrets = prop::sample::select(vec![
        "4111111111111111",
        "5500-0000-0000-0004",
        "ann.b@mail.example.org",
        "192.0.2.77",
        "2001:db8::42",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln",
    ]);
    let inert = "[g-z \u{e9}\u{4e2d}]{0,6}[g-z]".prop_map(|s| (format!(" {s} "), false));
    prop::collection::vec(prop_oneof![inert, secrets.prop_map(|s| (s.to_owned(), true))], 0..8)
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![Just(Action::default()), Just(Action::Remove), Just(salted())]
}

/// Numbers, strings and what is in them, with keys that hold.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~\u{e9}\n]{0,8}".prop_map(Value::from),
    ];
    let object = |inner| prop::collection::hash_map("[a-e]", inner, 0..4);
    leaf.prop_recursive(3, 20, 4, move |inner| {
        object(inner).prop_map(|m| Value::Object(m.into_iter().collect()))
    })
}

/// The model: every leaf below a key named `a` or `b` has the other value.
fn model(value: &Value, is_below: bool) -> Value {
    match value {
        Value::Object(map) => {
            let entry = |(k, v): (&String, &Value)| (k.clone(), model(v, is_below || k == "a" || k == "b"));
            Value::Object(map.iter().map(entry).collect())
        }
        // An empty value has nothing to hide, and no range.
        Value::String(s) if s.is_empty() => value.clone(),
        _ if is_below => Value::from("[redacted]"),
        _ => value.clone(),
    }
}

proptest! {
    #[test]
    fn other_bytes_stay(parts in text_with_secrets(), action in any_action()) {
        let text: String = parts.iter().map(|(part, _)| part.as_str()).collect::<Vec<_>>().join(" | ");
        let rules = [rule_of(&[], &PATTERNS, action.clone())];
        let instead = |secret: &str| redacted(&[rule_of(&[], &PATTERNS, action.clone())], secret);
        let expected = parts.iter().map(|(part, secret)| if *secret { instead(part) } else { part.clone() });
        prop_assert_eq!(redacted(&rules, &text), expected.collect::<Vec<_>>().join(" | "));
        for (part, _) in parts.iter().filter(|(_, secret)| *secret) {
            prop_assert!(!redacted(&rules, &text).contains(part.as_str()));
        }
    }

    /// Whatever comes, nothing is left that matches; and a text without a match is not touched.
    #[test]
    fn no_match_is_left(text in "[ -9:;@A-Fa-f.eyJ\u{e9}]{0,60}", action in any_action()) {
        let redactor = Redactor::new(&[rule_of(&[], &PATTERNS, action)]).unwrap();
        let out = redactor.text(text.as_bytes(), &pipeline());
        let had = PATTERNS.iter().any(|p| !Pattern::new(p).unwrap().find(text.as_bytes()).is_empty());
        prop_assert_eq!(out.is_some(), had);
        let now = out.unwrap_or_default();
        for pattern in PATTERNS {
            prop_assert!(Pattern::new(pattern).unwrap().find(&now).is_empty(), "{} in {:?}", pattern, now);
        }
    }

    #[test]
    fn any_bytes_do(text in prop::collection::vec(any::<u8>(), 0..200), action in any_action()) {
        let redactor = Redactor::new(&[rule_of(&["a", "b*"], &PATTERNS, action)]).unwrap();
        let again = redactor.text(&text, &pipeline()).map(|once| redactor.without_any(&once));
        prop_assert!(again.unwrap_or(true));
    }

    /// JSON stays JSON, and only what is named is changed.
    #[test]
    fn fields_of_any_json(value in any_json(), pretty in any::<bool>()) {
        let Value::Object(_) = &value else { return Ok(()) };
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let out = redacted(&[rule_of(&["a", "b", "*.a", "*.b"], &[], Action::default())], &text);
        prop_assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), model(&value, false));
    }
}
