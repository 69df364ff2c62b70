//! Where records go, what is counted, and what a store that is away or refuses changes.

use gastrolog_ingest::samples::Kept;
use gastrolog_ingest::{Counters, SinkError, store_batch};
use proptest::prelude::*;

use super::*;

fn three() -> World {
    World::new(["own", "a", "b"].map(|name| (name, MemorySink::new())).into())
}

#[test]
fn the_first_rule_that_takes_a_record_keeps_it() {
    let world = three();
    let rules = [rule("level=error", &["a"], false), rule("k=1", &["b", "a"], false)];
    let sink = world.sink(&rules, Rest::Own, None);
    let texts = ["level=error k=1", "k=1 level=info", "level=info", "{\"level\":\"error\"}"];
    let accepted = sink.append(lines(&texts)).unwrap();
    assert_eq!((accepted.count, accepted.dropped.total()), (4, 0));
    assert_eq!(world.store("a").texts(), [texts[0], texts[1], texts[3]]);
    assert_eq!(world.store("b").texts(), [texts[1]]);
    assert_eq!(world.store("own").texts(), [texts[2]]);
    let counted = world.routes.status().into_iter().map(|r| (r.name, r.records, r.bytes)).collect::<Vec<_>>();
    let bytes = |i: usize| texts[i].len() as u64;
    let expected = [("level=error", 2, bytes(0) + bytes(3)), ("k=1", 1, bytes(1)), ("(rest)", 1, bytes(2))];
    assert_eq!(counted, expected.map(|(n, r, b)| (n.to_owned(), r, b)));
}

#[test]
fn a_rule_that_goes_on_copies_and_what_is_left_may_be_dropped() {
    let world = three();
    let rules = [rule("copy", &["a"], true), rule("keep", &["own"], false)];
    let sink = world.sink(&rules, Rest::Drop, None);
    let accepted = sink.append(lines(&["copy keep", "copy", "keep", "neither"])).unwrap();
    assert_eq!((accepted.count, dropped(&accepted)), (3, vec![(DropReason::Unrouted, 1)]));
    assert_eq!(world.store("a").texts(), ["copy keep", "copy"]);
    assert_eq!(world.store("own").texts(), ["copy keep", "keep"]);

    let world = three();
    let sink = world.sink(&[rule("copy", &["a"], true)], Rest::Own, None);
    assert_eq!(sink.append(lines(&["copy", "other"])).unwrap().count, 2);
    assert_eq!((world.store("a").len(), world.store("own").len()), (1, 2));
}

#[test]
fn a_batch_that_goes_whole_to_one_store_is_not_copied() {
    struct Address(std::sync::Mutex<Vec<usize>>);
    impl Sink for Address {
        fn append(&self, batch: Batch) -> Result<gastrolog_ingest::Accepted, SinkError> {
            self.0.lock().unwrap().push(batch.text.as_ptr() as usize);
            Ok(gastrolog_ingest::Accepted::stored(0, batch.len() as u64))
        }
    }
    let sink = Arc::new(Address(std::sync::Mutex::default()));
    let router = Router::new(&[rule("x", &["a"], false)], Rest::Own, pipeline(), &Routes::default(), &|_| {
        sink.clone()
    });
    let config = ProcessConfig { drop: vec!["debug".into()], ..ProcessConfig::default() };
    let front =
        ProcessSink::new("own", sink.clone(), Some(process(&config)), Some(Arc::new(router.unwrap())));
    let batches = [lines(&["x 1", "x 2"]), lines(&["y"]), lines(&["x", "y"]), lines(&["x", "debug"])];
    let before: Vec<usize> = batches.iter().map(|b| b.text.as_ptr() as usize).collect();
    batches.into_iter().for_each(|batch| assert!(front.append(batch).is_ok()));
    let after = sink.0.lock().unwrap().clone();
    assert_eq!((after[0], after[1], after.len()), (before[0], before[1], 5));
}

#[test]
fn a_store_that_is_away_does_not_give_the_others_a_record_twice() {
    let stores = vec![("own", MemorySink::new()), ("a", MemorySink::new().fail_next(3))];
    let world = World::new(stores);
    let sink = world.sink(&[rule("x", &["a", "own"], false)], Rest::Own, None);
    let counters = Counters::default();
    counters.received(3);
    assert!(matches!(
        store_batch(&sink, lines(&["x 1", "y", "x 2"]), &counters, &mut |_| true),
        gastrolog_ingest::Outcome::Settled
    ));
    assert_eq!(world.store("own").texts(), ["x 1", "y", "x 2"]);
    assert_eq!(world.store("a").texts(), ["x 1", "x 2"]);
    assert!(counters.snapshot().reconciles());
    // The rule has counted the batch once.
    assert_eq!(world.routes.status()[0].records, 2);
}

#[test]
fn a_crash_between_two_stores_repeats_in_the_first_and_loses_in_neither() {
    let stores = ["own", "a", "b"].map(|name| (name, MemorySink::new()));
    let world = World::new(stores.into());
    let rules = [rule("x", &["a", "b"], false)];
    let batch = lines(&["x 1", "y", "x 2"]);
    // The first process: `a` has it, `b` is not reached.
    world.store("b").fail_from_now(1);
    let before = world.sink(&rules, Rest::Own, None);
    assert!(matches!(before.append(batch.clone()), Err(SinkError::Unavailable(_))));
    assert_eq!((world.store("a").len(), world.store("b").len()), (2, 0));
    drop(before);
    // The next one remembers nothing; who sent it was told nothing, and sends it anew.
    let after = world.sink(&rules, Rest::Own, None);
    assert_eq!(after.append(batch).unwrap().count, 3);
    assert_eq!(world.store("a").texts(), ["x 1", "x 2", "x 1", "x 2"]);
    assert_eq!(world.store("b").texts(), ["x 1", "x 2"]);
    assert_eq!(world.store("own").texts(), ["y", "y"]);
}

#[test]
fn what_one_store_refuses_is_dropped_alone_and_counted() {
    let stores = vec![("own", MemorySink::new()), ("a", MemorySink::new().refuse_texts_with(b"bad"))];
    let world = World::new(stores);
    let sink = world.sink(&[rule("x", &["a", "own"], false)], Rest::Own, None);
    let accepted = sink.append(lines(&["x 1", "x bad", "x 2", "bad y"])).unwrap();
    assert_eq!((accepted.count, dropped(&accepted)), (3, vec![(DropReason::Refused, 1)]));
    let shown = accepted.first_refused.unwrap();
    assert_eq!(shown.record, Kept::of(b"x bad", &lines(&["x bad"]).attributes[0]));
    assert!(!shown.reason.is_empty());
    assert_eq!(world.store("a").texts(), ["x 1", "x 2"]);
    // Whoever sends to that store alone is told.
    let alone = world.sink(&[rule("x", &["a"], false)], Rest::Own, None);
    assert!(matches!(alone.append(lines(&["x bad"])), Err(SinkError::Refused(_))));
}

#[test]
fn a_rule_may_process_what_it_takes() {
    let world = three();
    let without_debug = process(&ProcessConfig { drop: vec!["debug".into()], ..ProcessConfig::default() });
    let rules = [RuleConfig { process: Some(without_debug), ..rule("x", &["a"], true) }];
    let sink = world.sink(&rules, Rest::Drop, None);
    let accepted = sink.append(lines(&["x 1", "x debug", "y"])).unwrap();
    assert_eq!(world.store("a").texts(), ["x 1"]);
    assert_eq!(accepted.count, 1);
    assert_eq!(dropped(&accepted), [(DropReason::Unrouted, 1), (DropReason::Filtered, 1)]);
}

#[test]
fn mistakes_are_told() {
    let world = three();
    let store = |name: &str| world.store(name) as Arc<dyn Sink>;
    let told = |rules: &[RuleConfig]| {
        Router::new(rules, Rest::Own, pipeline(), &world.routes, &store).err().unwrap().to_string()
    };
    assert!(told(&[rule("a=", &["a"], false)]).contains("the condition `a=`"));
    assert!(told(&[rule("x | stats count()", &["a"], false)]).contains("stages"));
    assert!(told(&[rule("last=1h", &["a"], false)]).contains("time"));
    assert!(told(&[rule("x", &[], false)]).contains("names no stores"));
}

proptest! {
    /// Any rules on any records: every store has exactly what the rules give it, in order, and the counts add up; stores
    /// that are away now and then change nothing.
    #[test]
    fn routing_is_its_model(
        rules in prop::collection::vec((0usize..4, prop::collection::vec(0usize..3, 1..3), any::<bool>()), 0..5),
        rest_drop in any::<bool>(), records in prop::collection::vec("[abcd]{1,3}", 1..20), away in 0u64..4
    ) {
        let (words, names) = (["a*", "b*", "c*", "*"], ["own", "s", "t"]);
        let world = World::new(names.map(|n| (n, MemorySink::new().fail_every(away * 2))).into());
        let rest = if rest_drop { Rest::Drop } else { Rest::Own };
        let compiled: Vec<RuleConfig> = rules.iter().map(|(word, stores, goes_on)| {
            let stores: Vec<&str> = stores.iter().map(|s| names[*s]).collect();
            rule(words[*word], &stores, *goes_on)
        }).collect();
        let (mut expected, mut unrouted) = ([vec![], vec![], vec![]], 0);
        for text in &records {
            let (mut to, mut taken, mut goes_on) = ([false; 3], false, true);
            for (word, stores, on) in &rules {
                if goes_on && (*word == 3 || text.starts_with(["a", "b", "c"][*word])) {
                    stores.iter().for_each(|s| to[*s] = true);
                    (taken, goes_on) = (true, *on);
                }
            }
            if goes_on && !rest_drop { to[0] = true; }
            if goes_on && rest_drop && !taken { unrouted += 1; }
            (0..3).filter(|s| to[*s]).for_each(|s| expected[s].push(text.clone()));
        }
        let sink = world.sink(&compiled, rest, None);
        let texts: Vec<&str> = records.iter().map(String::as_str).collect();
        let counters = Counters::default();
        counters.received(records.len() as u64);
        store_batch(&sink, lines(&texts), &counters, &mut |_| true);
        let now = counters.snapshot();
        prop_assert!(now.reconciles());
        prop_assert_eq!(now.dropped_for(DropReason::Unrouted), unrouted);
        for (name, texts) in names.iter().zip(expected) {
            prop_assert_eq!(world.store(name).texts(), texts);
        }
    }
}
