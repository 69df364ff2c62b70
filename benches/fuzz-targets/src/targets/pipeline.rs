//! Records through all indexers, and into a row group.

use gastrolog_format::Compressor;
use gastrolog_format::row_group::Header;
use gastrolog_index::{Caps, PatternFinder, RangeSet, RowGroupBuilder};
use gastrolog_types::{Attributes, Batch, Timestamp};

use super::indexers::{check, pipeline};
use super::past::NOW;
use super::row_group::read_all;
use crate::Target;
use crate::corpus::{file, lines};

pub(crate) const TARGETS: &[Target] =
    &[Target::new("pipeline", run, seeds), Target::new("row_group_build", build, seeds)];

const LOGS: [&str; 6] = ["app.jsonl", "syslog.log", "access.log", "app.logfmt", "mixed.log", "app.log"];

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let text = |log: &&str| lines(log, 9).join(&b'\n');
    LOGS.iter().map(text).chain([file("logs/mixed.log").into_iter().take(1500).collect()]).collect()
}

fn run(data: &[u8]) {
    let pipeline = pipeline();
    let (mut ranges, mut finder) = (RangeSet::default(), PatternFinder::default());
    for record in data.split(|&b| b == b'\n') {
        pipeline.parse(record, &mut ranges);
        check(record, &ranges);
        pipeline.any_field(record, &mut ranges, &mut |_, _| false);
        finder.of_record(&pipeline, record);
    }
}

/// The first byte says how small the caps are; the rest is lines.
pub(crate) fn batch(data: &[u8]) -> (Caps, Batch) {
    let (&first, text) = data.split_first().unwrap_or((&0, &[]));
    let caps = match first & 3 {
        0 => Caps { columns: 8, shapes: 3 },
        _ => Caps::default(),
    };
    let attributes = Attributes::new([("file", data.get(..4).unwrap_or(&[]))]);
    (caps, Batch::from_lines(text.to_vec(), attributes, Timestamp(NOW)))
}

fn build(data: &[u8]) {
    let pipeline = pipeline();
    let (caps, batch) = batch(data);
    let mut builder = RowGroupBuilder::new(&pipeline, u64::MAX, caps);
    builder.push(&batch);
    let encoded = builder.finish(77, &mut Compressor::new(1));
    let read = Header::read(&encoded.bytes);
    assert_eq!(read.map(|(h, n)| (h.rows as usize, n)), Ok((batch.len(), encoded.bytes.len())));
    assert!(read_all(&encoded.bytes), "what was written cannot be read");
}
