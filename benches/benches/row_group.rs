//! Row groups: records taken apart, and the columns encoded. One thread.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use gastrolog_benches::lines::{Kind, batch};
use gastrolog_format::Compressor;
use gastrolog_format::row_group::Header;
use gastrolog_index::{Caps, RowGroupBuilder};

const BYTES: usize = 4 << 20;
const LEVEL: i32 = 3;
const KINDS: [Kind; 6] = Kind::ALL;

fn main() {
    divan::Divan::default().max_time(std::time::Duration::from_millis(500)).config_with_args().main();
}

#[divan::bench(args = KINDS)]
fn take_apart(bencher: Bencher<'_, '_>, kind: Kind) {
    let (pipeline, batch) = (gastrolog_benches::pipeline(), batch(kind, BYTES));
    let (bytes, items) = (BytesCount::new(batch.text.len()), ItemsCount::new(batch.len()));
    bencher.counter(bytes).counter(items).bench_local(|| {
        let mut builder = RowGroupBuilder::new(&pipeline, u64::MAX, Caps::default());
        builder.push(&batch);
        builder.len()
    });
}

#[divan::bench(args = KINDS)]
fn build(bencher: Bencher<'_, '_>, kind: Kind) {
    let (pipeline, batch) = (gastrolog_benches::pipeline(), batch(kind, BYTES));
    let mut compressor = Compressor::new(LEVEL);
    let (bytes, items) = (BytesCount::new(batch.text.len()), ItemsCount::new(batch.len()));
    bencher.counter(bytes).counter(items).bench_local(|| {
        let mut builder = RowGroupBuilder::new(&pipeline, u64::MAX, Caps::default());
        builder.push(&batch);
        builder.finish(0, &mut compressor).bytes
    });
}

/// What a query that has to look at everything pays: header, shapes, and all columns.
#[divan::bench(args = KINDS)]
fn decode_all(bencher: Bencher<'_, '_>, kind: Kind) {
    let (pipeline, batch) = (gastrolog_benches::pipeline(), batch(kind, BYTES));
    let mut builder = RowGroupBuilder::new(&pipeline, u64::MAX, Caps::default());
    builder.push(&batch);
    let encoded = builder.finish(0, &mut Compressor::new(LEVEL)).bytes;
    let (bytes, items) = (BytesCount::new(batch.text.len()), ItemsCount::new(batch.len()));
    bencher.counter(bytes).counter(items).bench(|| {
        let (header, _) = Header::read(&encoded).unwrap();
        let body = &encoded[Header::body_offset(&encoded).unwrap()..];
        let columns = 0..header.columns.len();
        let values: usize = columns.map(|i| header.column(body, i).unwrap().len()).sum();
        (header.shapes(body).unwrap(), values)
    });
}
