//! Columns: each encoding written and read. The bytes are those of the values as text.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use gastrolog_benches::lines::Dice;
use gastrolog_format::Compressor;
use gastrolog_format::column::{Encoding, Values, decode, encode};
use gastrolog_format::words::WordSet;

/// Values of a column: those of a row group of 8 MiB, more or less.
const ROWS: u64 = 40_000;

/// The zstd level of columns as records come in.
const LEVEL: i32 = 3;

const ENCODINGS: [Encoding; 9] = Encoding::ALL;

fn main() {
    divan::Divan::default().max_time(std::time::Duration::from_millis(500)).config_with_args().main();
}

/// Text of values, and where each lies.
struct Column {
    text: Vec<u8>,
    ranges: Vec<(u32, u32)>,
}

impl Column {
    fn of(encoding: Encoding) -> Column {
        let (mut dice, mut column) = (Dice(7), Column { text: Vec::new(), ranges: Vec::new() });
        for row in 0..ROWS {
            let start = column.text.len() as u32;
            column.text.extend_from_slice(value(encoding, row, &mut dice).as_bytes());
            column.ranges.push((start, column.text.len() as u32));
        }
        column
    }

    fn values(&self) -> Values<'_> {
        Values { text: &self.text, ranges: &self.ranges }
    }

    /// Written by the encoding that it is made for.
    fn encoded(&self, wanted: Encoding) -> Vec<u8> {
        let mut out = Vec::new();
        let chosen = encode(self.values(), &mut Compressor::new(LEVEL), &mut WordSet::new(), &mut out);
        assert_eq!(chosen.encoding, wanted);
        out
    }
}

/// A value that this encoding is chosen for.
fn value(encoding: Encoding, row: u64, dice: &mut Dice) -> String {
    let second = row / 20;
    match encoding {
        Encoding::Constant => "HTTP/1.1".to_owned(),
        Encoding::Dictionary => format!("/api/v1/carts/{}", dice.skewed(2000)),
        Encoding::Integer => dice.below(1 << 40).to_string(),
        Encoding::Decimal => format!("{}.{:02}", dice.skewed(100_000_000), dice.below(100)),
        Encoding::Time => format!(
            "2026-11-10T{:02}:{:02}:{:02}.{:03}Z",
            second / 3600,
            second / 60 % 60,
            second % 60,
            row % 20 * 50
        ),
        Encoding::Hex => format!("{:016x}{:016x}", dice.roll(), dice.roll()),
        Encoding::Ipv4 => {
            format!("{}.{}.{}.{}", 1 + dice.below(222), dice.below(256), dice.below(256), dice.below(256))
        }
        Encoding::Pattern => {
            format!(
                "order {} placed by user {} in {} ms",
                dice.roll() >> 40,
                dice.roll() >> 44,
                dice.below(900)
            )
        }
        Encoding::Text => (0..4).map(|_| word(dice)).collect::<Vec<_>>().join(" "),
    }
}

/// Letters without any pattern.
fn word(dice: &mut Dice) -> String {
    (0..3 + dice.below(6)).map(|_| char::from(b'g' + dice.below(20) as u8)).collect()
}

#[divan::bench(args = ENCODINGS)]
fn encode_column(bencher: Bencher<'_, '_>, encoding: Encoding) {
    let column = Column::of(encoding);
    column.encoded(encoding);
    let mut compressor = Compressor::new(LEVEL);
    let (bytes, items) = (BytesCount::new(column.text.len()), ItemsCount::new(ROWS));
    bencher.counter(bytes).counter(items).bench_local(|| {
        let mut out = Vec::new();
        encode(column.values(), &mut compressor, &mut WordSet::new(), &mut out);
        out
    });
}

#[divan::bench(args = ENCODINGS)]
fn decode_column(bencher: Bencher<'_, '_>, encoding: Encoding) {
    let column = Column::of(encoding);
    let encoded = column.encoded(encoding);
    let (bytes, items) = (BytesCount::new(column.text.len()), ItemsCount::new(ROWS));
    bencher.counter(bytes).counter(items).bench(|| decode(&encoded, ROWS as usize).unwrap());
}

/// Every value of a decoded column as text again.
#[divan::bench(args = ENCODINGS)]
fn write_values(bencher: Bencher<'_, '_>, encoding: Encoding) {
    let column = Column::of(encoding);
    let decoded = decode(&column.encoded(encoding), ROWS as usize).unwrap();
    let (bytes, items) = (BytesCount::new(column.text.len()), ItemsCount::new(ROWS));
    bencher.counter(bytes).counter(items).bench(|| {
        let mut out = Vec::with_capacity(column.text.len());
        (0..ROWS as usize).for_each(|row| decoded.write(row, &mut out));
        out
    });
}
