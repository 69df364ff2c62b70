//! A query printed and parsed again is the same tree; any text at all is parsed or refused, without a panic.

use crate::common::{CONTEXT, query};
use crate::trees::{filter, fit, stage};
use gastrolog_query::*;
use gastrolog_types::Timestamp;
use proptest::prelude::*;

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
        filter in filter(), time in time(), stages in prop::collection::vec(stage(2), 0..5)
    ) {
        let query = fit(Query { filter, time, stages });
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
