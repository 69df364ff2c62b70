//! Queries made to do harm: each is answered or refused soon, without a deep stack or much memory.

use std::time::{Duration, Instant};

use crate::common::CONTEXT;
use gastrolog_query::{QUERY_BYTES_MAX, parse};
use proptest::prelude::*;

/// Far more than any of them takes, so that a busy machine does not fail the test; quadratic work would take longer.
const SOON: Duration = Duration::from_secs(60);

/// As many of `part` as fit, with something before and behind.
fn full(before: &str, part: &str, after: &str) -> String {
    let count = (QUERY_BYTES_MAX - before.len() - after.len()) / part.len();
    format!("{before}{}{after}", part.repeat(count))
}

/// Parses, prints and parses again what is understood.
fn survive(text: &str) -> bool {
    let begin = Instant::now();
    let start: String = text.chars().take(40).collect();
    let understood = match parse(text, &CONTEXT) {
        Ok(query) => {
            let printed = query.to_string();
            if printed.len() <= QUERY_BYTES_MAX {
                assert_eq!(parse(&printed, &CONTEXT).as_ref(), Ok(&query), "{start}");
            }
            true
        }
        Err(error) => {
            let rendered = error.render(text);
            assert!(rendered.len() < 4_096, "{start}: an error of {} bytes", rendered.len());
            false
        }
    };
    assert!(begin.elapsed() < SOON, "{start} took {:?}", begin.elapsed());
    understood
}

#[test]
fn deep_ones_are_refused() {
    for text in [
        full("", "(", ""),
        full("", "-", ""),
        full("", "-(", ""),
        full("", "NOT ", "a"),
        full("", "(a OR ", ""),
        full("", "a=(", ""),
        full("| eval x = ", "(", ""),
        full("| eval x = ", "-", "1"),
        full("| eval x = ", "not ", "1"),
        full("| eval x = ", "abs(", "1"),
        full("| eval x = 1", " + 1", ""),
        full("| stats ", "sum(", "x"),
        full("| stats count() by ", "bin(", "x"),
        full("| sort ", "p99(", "x"),
        full("", "| join on a (", ""),
        full("", "| where (", ""),
        full("", "\"", ""),
        full("/", "(", "/"),
        full("/", "a{99}", "/"),
        full("", "/(a{50}){50}/ ", ""),
        full("| extract \"", "<a>", "\""),
        full("| parse csv(", "a,", "a)"),
    ] {
        assert!(!survive(&text), "{}", text.chars().take(40).collect::<String>());
    }
}

#[test]
fn broad_ones_are_understood() {
    for text in [
        full("a", " OR a", ""),
        full("a", " AND NOT a", ""),
        full("", "a=b ", ""),
        full("a in (", "b, ", "b)"),
        full("", "a", ""),
        full("", "*a", ""),
        full("", "\\*", ""),
        full("", "*\"*\"", "*"),
        full("", "# ", "\n a"),
        full("a=", "1", ""),
        full("| extract \"", "<_> ", "<x>\""),
        full("| extract \"", "<", " <x>\""),
        full("| eval ", "a=1,", "b=2"),
    ] {
        assert!(survive(&text), "{}", text.chars().take(40).collect::<String>());
    }
    let several = |make: &dyn Fn(usize) -> String, before: &str| {
        let mut text = before.to_owned();
        for i in 0.. {
            let next = make(i);
            if text.len() + next.len() + 1 > QUERY_BYTES_MAX {
                return format!("{text}z");
            }
            text += &next;
        }
        text
    };
    let names = several(&|i| format!("n{i},"), "| fields ");
    assert!(survive(&names));
    let computed = several(&|i| format!("n{i}=1,"), "| fields z | eval ");
    assert!(survive(&format!("{computed}=1")));
    assert!(survive(&several(&|i| format!("sum(n{i}),"), "| stats ").replace(",z", "")));
    assert!(survive(&several(&|i| format!("a{i} as b{i},"), "| rename ").replace(",z", "")));
    let half = names.get(..QUERY_BYTES_MAX / 2).and_then(|n| n.rsplit_once(',')).unwrap().0;
    assert!(survive(&format!("{half}{}", half.replacen("fields", "sort", 1))));
    assert!(!survive(&format!("{half} | sort nearly_a_name")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_repeated(
        before in "(\\PC{0,8}|[|] (stats|eval x =|where|sort|top|extract|parse csv\\(|join on a \\() ?)",
        part in "(\\PC{1,6}|[ab*(),|\"/<>=#\\\\ -]{1,6})",
        after in "\\PC{0,4}",
    ) {
        survive(&full(&before, &part, &after));
    }
}
