//! Clocks that are wrong: a year ahead, a year behind, stepping back.

use gastrolog_env::ManualClock;

use super::*;

const DAY_NS: u64 = 24 * 3_600_000_000_000;
const YEAR_NS: i64 = 365 * DAY_NS as i64;
const NOW: i64 = 1_795_000_000_000_000_000;

fn kept_for_a_week(env: &Env) -> Arc<Store> {
    let retention = Retention { age_ms: Some(7 * DAY_NS / 1_000_000), bytes: None };
    let options = StoreOptions { retention, ..options() };
    Store::open(env.clone(), Path::new(DIR), options, Arc::new(TextEncoder)).unwrap()
}

fn clocked() -> (Arc<ManualClock>, Env) {
    let clock = Arc::new(ManualClock::new(Timestamp(NOW)));
    (clock.clone(), Env { clock, ..env(MemFs::new()) })
}

/// Five records that arrive now.
fn arrive(store: &Store, clock: &ManualClock, from: usize) {
    let mut batch = batch(&texts(from, 5));
    let now = gastrolog_env::Clock::now(clock);
    batch.records.iter_mut().for_each(|r| r.ingest = now);
    store.append(batch).unwrap();
}

#[test]
fn the_order_of_records_does_not_depend_on_the_clock() {
    let (clock, env) = clocked();
    let mut store = open(&env);
    let jumps = [0, YEAR_NS, -YEAR_NS, -1_000_000_000, i64::MAX - NOW, -NOW, 0];
    for (i, jump) in jumps.into_iter().enumerate() {
        clock.set(Timestamp(NOW + jump));
        arrive(&store, &clock, i * 5);
        if i % 2 == 0 {
            store.seal().unwrap();
        }
        store.close();
        store = open(&env);
        assert!(store.report().is_whole());
        assert_eq!(
            rows(&store.snapshot()),
            (0..).zip(texts(0, i * 5 + 5)).collect::<Vec<_>>(),
            "jump {jump}"
        );
    }
}

#[test]
fn a_clock_that_jumps_ahead_removes_nothing_for_a_day() {
    let (clock, env) = clocked();
    let store = kept_for_a_week(&env);
    arrive(&store, &clock, 0);
    store.seal().unwrap();
    store.maintain().unwrap();
    clock.set(Timestamp(NOW + YEAR_NS));
    store.maintain().unwrap();
    let said = store.stats().last_failure.unwrap();
    assert!(said.contains("jumped 8760 hours ahead: nothing is removed by age for a day"), "{said}");
    // It comes back, and goes on as if nothing had been.
    clock.advance_ns(DAY_NS / 2);
    store.maintain().unwrap();
    clock.set(Timestamp(NOW + (DAY_NS / 2) as i64));
    store.maintain().unwrap();
    clock.advance_ns(DAY_NS);
    store.maintain().unwrap();
    assert_eq!(texts_of(&store), texts(0, 5));
    clock.advance_ns(6 * DAY_NS);
    store.maintain().unwrap();
    assert_eq!(texts_of(&store).len(), 0, "a week is over");

    // It does not come back: then it is right.
    arrive(&store, &clock, 5);
    store.seal().unwrap();
    clock.set(Timestamp(NOW + 2 * YEAR_NS));
    store.maintain().unwrap();
    assert_eq!(texts_of(&store), texts(5, 5));
    clock.advance_ns(DAY_NS);
    store.maintain().unwrap();
    assert_eq!(texts_of(&store).len(), 0);
}

#[test]
fn a_store_that_is_too_old_all_at_once_when_it_is_opened_stays_for_a_day() {
    let (clock, env) = clocked();
    let store = kept_for_a_week(&env);
    arrive(&store, &clock, 0);
    store.seal().unwrap();
    store.close();
    clock.set(Timestamp(NOW + YEAR_NS));
    let store = kept_for_a_week(&env);
    store.maintain().unwrap();
    assert_eq!(texts_of(&store), texts(0, 5));
    clock.advance_ns(DAY_NS);
    store.maintain().unwrap();
    assert_eq!(texts_of(&store).len(), 0);
}

#[test]
fn a_clock_that_is_set_back_keeps_nothing_from_being_sealed() {
    let (clock, env) = clocked();
    let options =
        StoreOptions { seal: SealPolicy { age_ms: Some(1000), ..SealPolicy::default() }, ..options() };
    let store = Store::open(env.clone(), Path::new(DIR), options, Arc::new(TextEncoder)).unwrap();
    arrive(&store, &clock, 0);
    store.flush().unwrap();
    clock.set(Timestamp(NOW - YEAR_NS));
    store.maintain().unwrap();
    assert_eq!((store.stats().sealed_chunks, texts_of(&store)), (1, texts(0, 5)));
}
