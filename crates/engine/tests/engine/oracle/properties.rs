//! What must hold, whatever is stored and asked.

use gastrolog_engine::{Answer, Order, QueryRequest, Value};
use gastrolog_types::Timestamp;
use proptest::prelude::*;

use super::chains::{chain, table};
use super::filters::{bounds, filter};
use super::lines::{Line, attributes_of, line, of_a_kind};
use super::stores::{any_shape, shapes, store};
use super::{NOW, answers_alike, config, expected, parse_query, try_ask};
use crate::support::pipeline;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_state_of_a_store_answers_as_a_full_scan(
        lines in proptest::collection::vec(line(), 1..60),
        queries in proptest::collection::vec((filter(), bounds()), 1..6),
        order in prop_oneof![Just(Order::Source), Just(Order::Ingest), Just(Order::Write)],
        oldest_first in any::<bool>(),
        limit in proptest::option::of(1u64..20),
        shape in any_shape(),
    ) {
        let pipeline = pipeline();
        let shapes: Vec<_> = shapes().into_iter().chain([shape]).collect();
        let stores: Vec<_> = shapes.iter().map(|shape| store(&lines, shape)).collect();
        for (filter, bounds) in &queries {
            let text = format!("{filter}{bounds}");
            let query = parse_query(&text);
            let request = QueryRequest { query: text.clone(), order, oldest_first, limit, ..QueryRequest::default() };
            let mut wanted = expected(&lines, &query, &pipeline, &request);
            let all = wanted.len();
            wanted.truncate(limit.unwrap_or(u64::MAX) as usize);
            for (state, engine) in stores.iter().enumerate() {
                let got: Vec<usize> = try_ask(engine, &request).unwrap().into_iter().map(|answer| match answer {
                    Answer::Record(found) => {
                        let i = found.record.seq as usize;
                        assert_eq!(found.record.text, lines[i].text);
                        assert_eq!(found.record.attributes, attributes_of(&lines[i]));
                        assert_eq!(found.record.ingest, Timestamp(lines[i].ingest));
                        i
                    }
                    other => panic!("{other:?}"),
                }).collect();
                prop_assert_eq!(&got, &wanted, "{:?} query {}", shapes[state], &text);
                let count = QueryRequest { query: format!("{text} | stats count()"), limit: None, ..request.clone() };
                let answer = try_ask(engine, &count).unwrap();
                prop_assert_eq!(answer.last(), Some(&Answer::Row(vec![Value::Int(all as i64)])), "{:?} count of {}", shapes[state], &text);
                prop_assert_eq!(&try_ask(engine, &count).unwrap(), &answer, "{:?} again, count of {}", shapes[state], &text);
            }
        }
    }

    /// Few records of one field, so that a wrong "no" of a filter or a footer leaves out what should be found.
    #[test]
    fn values_are_found_by_what_they_are_worth(
        values in proptest::collection::vec(of_a_kind(), 1..5),
        operator in prop_oneof![3 => Just("="), 1 => Just("!="), 1 => Just("<"), 1 => Just(">=")],
        literal in of_a_kind(),
    ) {
        let line = |v: &String| Line { text: format!("k={v} n=1").into_bytes(), attributes: Vec::new(), ingest: NOW, source: None };
        let lines: Vec<Line> = values.iter().map(line).collect();
        let request = QueryRequest { query: format!("k{operator}{literal}"), oldest_first: true, ..QueryRequest::default() };
        let wanted = expected(&lines, &parse_query(&request.query), &pipeline(), &request);
        for shape in shapes() {
            let found = try_ask(&store(&lines, &shape), &request).unwrap().into_iter().filter_map(|answer| match answer {
                Answer::Record(found) => Some(found.record.seq as usize),
                _ => None,
            });
            prop_assert_eq!(found.collect::<Vec<_>>(), wanted.clone(), "{:?} of {}", shape, &request.query);
        }
    }

    #[test]
    fn the_first_of_sorted_groups_are_those_of_all(
        lines in proptest::collection::vec(line(), 1..60),
        by in prop_oneof![Just("status"), Just("level, status"), Just("bin(1h), status")],
        order in prop_oneof![Just("-count"), Just("count"), Just("-count, status"), Just("-sum(bytes)"), Just("max(status)")],
        n in 0u64..8,
    ) {
        let engine = store(&lines, &shapes()[1]);
        let sorted = format!("| stats count(), sum(bytes), max(status) by {by} | sort {order}");
        let all = try_ask(&engine, &QueryRequest { query: sorted.clone(), ..QueryRequest::default() }).unwrap();
        let first = try_ask(&engine, &QueryRequest { query: format!("{sorted} | head {n}"), ..QueryRequest::default() }).unwrap();
        let wanted: Vec<Answer> = all.into_iter().take(n as usize + 1).collect();
        prop_assert_eq!(first, wanted);
    }

    #[test]
    fn every_state_of_a_store_aggregates_alike(
        lines in proptest::collection::vec(line(), 1..60),
        shape in any_shape(),
        filter in filter(),
        stages in table(),
    ) {
        answers_alike(&lines, &shape, &filter, &stages)?;
    }

    #[test]
    fn every_state_of_a_store_runs_chains_alike(
        lines in proptest::collection::vec(line(), 1..60),
        shape in any_shape(),
        filter in filter(),
        stages in chain(),
    ) {
        answers_alike(&lines, &shape, &filter, &stages)?;
    }
}
