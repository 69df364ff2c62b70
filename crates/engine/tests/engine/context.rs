//! `context` against a plain list of records, in every state of a store.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;

use gastrolog_engine::{Answer, Order, QueryRequest};
use proptest::prelude::*;

use crate::oracle::{Line, attributes_of, bounds, expected, filter, line, parse_query, shapes, store};
use crate::support::{ask, pipeline};

/// Place, stretch and whether it matched, of each record of the answer.
fn model(lines: &[Line], matches: &[usize], before: usize, after: usize) -> Vec<(usize, u64, bool)> {
    let mut answer: Vec<(usize, u64, bool)> = Vec::new();
    let mut stretches = 0;
    for &first in matches {
        if answer.iter().any(|&(i, _, matched)| i == first && matched) {
            continue;
        }
        let source = attributes_of(&lines[first]);
        let same: Vec<usize> = (0..lines.len()).filter(|&i| attributes_of(&lines[i]) == source).collect();
        let around = |i: usize| {
            let at = same.iter().position(|&s| s == i).unwrap();
            same[at.saturating_sub(before)..(at + after + 1).min(same.len())].to_vec()
        };
        let mut stretch: BTreeSet<usize> = around(first).into_iter().collect();
        loop {
            let more: Vec<usize> = matches
                .iter()
                .filter(|&&m| same.contains(&m) && around(m).iter().any(|i| stretch.contains(i)))
                .flat_map(|&m| around(m))
                .collect();
            let size = stretch.len();
            stretch.extend(more);
            if stretch.len() == size {
                break;
            }
        }
        answer.extend(stretch.into_iter().map(|i| (i, stretches, matches.contains(&i))));
        stretches += 1;
    }
    answer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: Some(Box::new(proptest::test_runner::FileFailurePersistence::Direct("tests/engine/context.regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn every_state_of_a_store_has_the_neighbours_of_each_match(
        lines in proptest::collection::vec(line(), 1..80),
        (filter, bounds) in (filter(), bounds()),
        (before, after) in (0usize..4, 0usize..4),
        order in prop_oneof![Just(Order::Source), Just(Order::Ingest), Just(Order::Write)],
        oldest_first in any::<bool>(),
        (limit, head) in (proptest::option::of(1u64..20), proptest::option::of(1u64..20)),
    ) {
        let pipeline = pipeline();
        let head_stage = head.map(|n| format!(" | head {n}")).unwrap_or_default();
        let query = format!("{filter}{bounds} | context before={before} after={after}{head_stage}");
        let request = QueryRequest { query, order, oldest_first, limit, ..QueryRequest::default() };
        let matches = expected(&lines, &parse_query(&request.query), &pipeline, &request);
        let mut wanted = model(&lines, &matches, before, after);
        wanted.truncate(limit.unwrap_or(u64::MAX).min(head.unwrap_or(u64::MAX)) as usize);
        for state in 0..5 {
            let got: Vec<(usize, u64, bool)> = ask(&store(&lines, &shapes()[state]), &request).into_iter().map(|answer| match answer {
                Answer::Record(found) => {
                    let i = found.record.seq as usize;
                    assert_eq!(found.record.text, lines[i].text);
                    assert_eq!(found.record.attributes, attributes_of(&lines[i]));
                    let place = found.context.unwrap();
                    (i, place.stretch, place.matched)
                }
                other => panic!("{other:?}"),
            }).collect();
            prop_assert_eq!(&got, &wanted, "state {} query {}", state, &request.query);
        }
    }
}
