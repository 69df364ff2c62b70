//! The filter of a row group: words hashed, the filter built, probed with what is in it and what is not.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use gastrolog_benches::lines::{Dice, Kind, lines};
use gastrolog_format::filter::{FilterHead, put};
use gastrolog_format::words::{WordSet, hash_folded};

/// Words of a row group with random ids.
const WORDS: u64 = 50_000;
const PROBES: usize = 10_000;

fn main() {
    divan::Divan::default().max_time(std::time::Duration::from_millis(500)).config_with_args().main();
}

fn hashes(seed: u64, count: u64) -> Vec<u64> {
    let mut dice = Dice(seed);
    (0..count).map(|_| hash_folded(format!("{:016x}", dice.roll()).as_bytes())).collect()
}

#[divan::bench]
fn add_words(bencher: Bencher<'_, '_>) {
    let text = lines(Kind::Token, 1 << 20);
    bencher.counter(BytesCount::new(text.len())).bench(|| {
        let mut words = WordSet::new();
        words.add_words(&text);
        words
    });
}

#[divan::bench]
fn build(bencher: Bencher<'_, '_>) {
    let hashes = hashes(1, WORDS);
    bencher.counter(ItemsCount::new(WORDS)).bench(|| {
        let mut out = Vec::new();
        put(&hashes, &mut out);
        out
    });
}

/// Each probe verifies the pieces of the filter that it reads.
#[divan::bench(args = ["in it", "not in it"])]
fn probe(bencher: Bencher<'_, '_>, which: &str) {
    let held = hashes(1, WORDS);
    let asked = if which == "in it" { held[..PROBES].to_vec() } else { hashes(2, PROBES as u64) };
    let mut bytes = Vec::new();
    put(&held, &mut bytes);
    let (filter, bytes) = (FilterHead::read(&bytes[..]).unwrap().unwrap(), &bytes[..]);
    bencher
        .counter(ItemsCount::new(PROBES))
        .bench(|| asked.iter().filter(|&&hash| filter.may_contain(bytes, hash).unwrap()).count());
}

/// As for one word in a row group that no query has touched: the head is read and verified too.
#[divan::bench]
fn open_and_probe(bencher: Bencher<'_, '_>) {
    let mut bytes = Vec::new();
    put(&hashes(1, WORDS), &mut bytes);
    let (asked, bytes) = (hash_folded(b"HeadlessChrome"), &bytes[..]);
    bencher.counter(ItemsCount::new(1usize)).bench(|| {
        let bytes = divan::black_box(bytes);
        FilterHead::read(bytes).unwrap().unwrap().may_contain(bytes, asked).unwrap()
    });
}
