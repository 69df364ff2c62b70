//! Sets of rows: made of the ids of a dictionary and of numbers, cut with each other, counted, walked.

use divan::Bencher;
use divan::counter::ItemsCount;
use gastrolog_benches::lines::Dice;

// The sets are inner workings of `exec` that nobody else should use; so they are measured by their source.
#[path = "../../crates/exec/src/bits.rs"]
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "not all of it is measured, and its tests run elsewhere"
)]
mod bits;

use bits::Bits;

/// Rows of a store of about 10 GB, one set for all of them.
const ROWS: usize = 1 << 20;

fn main() {
    divan::Divan::default().max_time(std::time::Duration::from_millis(500)).config_with_args().main();
}

/// The id of each row in a dictionary of `distinct` values.
fn ids(seed: u64, distinct: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    (0..ROWS).map(|_| dice.below(distinct) as u8).collect()
}

fn set(seed: u64, one_in: u64) -> Bits {
    Bits::from_equal(&ids(seed, one_in), 0, None)
}

#[divan::bench]
fn of_equal_ids(bencher: Bencher<'_, '_>) {
    let ids = ids(1, 8);
    bencher.counter(ItemsCount::new(ROWS)).bench(|| Bits::from_equal(&ids, 3, None));
}

/// Only rows that an earlier condition left are looked at.
#[divan::bench(args = [2u64, 200])]
fn of_equal_ids_among_one_in(bencher: Bencher<'_, '_>, one_in: u64) {
    let (ids, among) = (ids(1, 8), set(2, one_in));
    bencher.counter(ItemsCount::new(ROWS)).bench(|| Bits::from_equal(&ids, 3, Some(&among)));
}

#[divan::bench]
fn of_numbers_above(bencher: Bencher<'_, '_>) {
    let mut dice = Dice(3);
    let numbers: Vec<i64> = (0..ROWS).map(|_| dice.skewed(60_000) as i64).collect();
    bencher.counter(ItemsCount::new(ROWS)).bench(|| Bits::from_slice(&numbers, None, |&n| n > 50_000));
}

#[divan::bench]
fn intersect(bencher: Bencher<'_, '_>) {
    let (a, b) = (set(1, 8), set(2, 3));
    bencher.counter(ItemsCount::new(ROWS)).with_inputs(|| a.clone()).bench_local_values(|a| a.and(&b));
}

#[divan::bench]
fn unite(bencher: Bencher<'_, '_>) {
    let (a, b) = (set(1, 8), set(2, 3));
    bencher.counter(ItemsCount::new(ROWS)).with_inputs(|| a.clone()).bench_local_values(|a| a.or(&b));
}

#[divan::bench]
fn count(bencher: Bencher<'_, '_>) {
    let a = set(1, 8);
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| divan::black_box(&a).count());
}

#[divan::bench(args = [8u64, 200])]
fn walk_one_in(bencher: Bencher<'_, '_>, one_in: u64) {
    let a = set(1, one_in);
    bencher.counter(ItemsCount::new(a.count())).bench_local(|| divan::black_box(&a).iter().sum::<usize>());
}
