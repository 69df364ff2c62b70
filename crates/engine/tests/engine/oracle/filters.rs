//! Random filters and bounds of time.

use proptest::prelude::*;

use super::lines::{key, of_a_kind, value, word};

pub(crate) fn filter() -> impl Strategy<Value = String> {
    let quoted = value().prop_map(|v| format!("{v:?}"));
    let operand =
        prop_oneof![value().prop_filter("bare", |v| !v.is_empty() && !v.contains([' ', '/'])), quoted];
    let field = prop_oneof![4 => key(), 1 => Just("remote_addr".to_owned()), 1 => Just("bytes".to_owned()), 1 => Just("*".to_owned()), 1 => Just("message".to_owned()), 1 => Just("request".to_owned()), 1 => Just("nowhere".to_owned()), 1 => Just("user*".to_owned())];
    let comparison = (
        field.clone(),
        prop_oneof![Just("="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")],
        operand,
    )
        .prop_map(|(k, o, v)| format!("{k}{o}{v}"));
    let other = prop_oneof![
        field.clone().prop_map(|k| format!("{k}=*")),
        field.clone().prop_map(|k| format!("{k}=a*")),
        field.clone().prop_map(|k| format!("{k}=*0*")),
        field.clone().prop_map(|k| format!("{k}=/[45]0/")),
        field.clone().prop_map(|k| format!("{k}=/^(error|error:? .*)$/")),
        field.clone().prop_map(|k| format!("{k}!=/^a( b)$/")),
        field.clone().prop_map(|k| format!("{k} in (500, a, \"GET\")")),
        (field.clone(), of_a_kind()).prop_map(|(k, v)| format!("{k} in ({v}, 10.0.1.0/30)")),
        (field.clone(), prop_oneof![Just("="), Just("!=")]).prop_map(|(k, o)| format!("{k}{o}10.0.0.0/29")),
        field.prop_map(|k| format!("{k}=*\"a b\"*")),
    ];
    let words = prop_oneof![
        word().prop_map(|w| format!("{w:?}")),
        (word(), word()).prop_map(|(a, b)| format!("\"{a} {b}\"")),
        word().prop_map(|w| format!("{w}*")),
        word().prop_map(|w| format!("*{w}")),
        (word(), word()).prop_map(|(a, b)| format!("*\"{a} {b}\"*")),
        (word(), word()).prop_map(|(a, b)| format!("\"{a} {b}\"*")),
        Just("/[ab]{2}/".to_owned()),
        Just("/^[^0-9]*[0-9]+ /".to_owned()),
        Just("/\"[a-z]+\":|0$/".to_owned()),
        Just("/(?i)ERR.*[0-9]/".to_owned()),
        Just("/ error /".to_owned()),
        Just("/(?i)[ ,]user( |$)/".to_owned()),
        (word(), word()).prop_map(|(a, b)| format!("/(^| ){}[ ,].*{b}$/", a.replace('.', "[.]"))),
        Just("\"T1\"".to_owned()),
        Just("\"=\"".to_owned()),
    ];
    let leaf = prop_oneof![4 => comparison, 2 => other, 3 => words, 1 => Just("*".to_owned())];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            inner.prop_map(|a| format!("NOT ({a})")),
        ]
    })
}

pub(crate) fn bounds() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        1 => Just(" start=2026-11-10T10:00:00Z".to_owned()),
        1 => Just(" end=2026-11-10T13:55:36Z".to_owned()),
        1 => Just(" start=2026-11-10T10:00:00Z end=2026-11-18T11:00:00Z".to_owned()),
    ]
}
