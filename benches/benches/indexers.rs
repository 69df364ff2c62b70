//! Indexers: the ranges of each line named, by its own indexer alone and by the whole pipeline.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use gastrolog_benches::lines::{Kind, batch};
use gastrolog_index::{Claim, Indexer, RangeSet};
use gastrolog_types::Batch;

const BYTES: usize = 1 << 20;
const KINDS: [Kind; 6] = Kind::ALL;

fn main() {
    divan::Divan::default().max_time(std::time::Duration::from_millis(500)).config_with_args().main();
}

fn indexer(kind: Kind) -> Box<dyn Indexer> {
    match kind {
        Kind::Apache => Box::new(gastrolog_indexer_apache::Apache),
        Kind::Json => Box::new(gastrolog_indexer_json::JsonIndexer),
        Kind::Logfmt => Box::new(gastrolog_indexer_logfmt::LogfmtIndexer),
        Kind::Kv => Box::new(gastrolog_indexer_kv::KvIndexer),
        Kind::Syslog => Box::new(gastrolog_indexer_syslog::Syslog),
        Kind::Token => Box::new(gastrolog_indexer_token::Token),
    }
}

/// How many lines the indexer claims.
fn claimed(indexer: &dyn Indexer, batch: &Batch, ranges: &mut RangeSet) -> usize {
    let lines = (0..batch.len()).map(|i| batch.text_of(i));
    lines
        .filter(|line| {
            ranges.clear();
            indexer.index(line, 0..line.len(), ranges) == Claim::Yes
        })
        .count()
}

#[divan::bench(args = KINDS)]
fn its_own(bencher: Bencher<'_, '_>, kind: Kind) {
    let (indexer, batch, mut ranges) = (indexer(kind), batch(kind, BYTES), RangeSet::default());
    assert_eq!(claimed(&*indexer, &batch, &mut ranges), batch.len());
    let (bytes, items) = (BytesCount::new(batch.text.len()), ItemsCount::new(batch.len()));
    bencher.counter(bytes).counter(items).bench_local(|| claimed(&*indexer, &batch, &mut ranges));
}

/// What it costs to be asked for lines of another format: it should be next to nothing.
#[divan::bench(args = KINDS)]
fn refuses(bencher: Bencher<'_, '_>, kind: Kind) {
    // JSON is claimed by one indexer only, and only JSON by that one.
    let other = if kind == Kind::Json { Kind::Apache } else { Kind::Json };
    let (indexer, batch, mut ranges) = (indexer(kind), batch(other, BYTES), RangeSet::default());
    let (bytes, items) = (BytesCount::new(batch.text.len()), ItemsCount::new(batch.len()));
    bencher.counter(bytes).counter(items).bench_local(|| claimed(&*indexer, &batch, &mut ranges));
}

#[divan::bench(args = KINDS)]
fn pipeline(bencher: Bencher<'_, '_>, kind: Kind) {
    let (pipeline, batch, mut ranges) =
        (gastrolog_benches::pipeline(), batch(kind, BYTES), RangeSet::default());
    let (bytes, items) = (BytesCount::new(batch.text.len()), ItemsCount::new(batch.len()));
    bencher.counter(bytes).counter(items).bench_local(|| {
        (0..batch.len()).fold(0, |all, i| all | pipeline.parse(batch.text_of(i), &mut ranges).claimed_by)
    });
}
