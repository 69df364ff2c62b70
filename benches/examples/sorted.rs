//! What it would save to keep the rows of a row group sorted by shape, the order of writing being told by the shape ids
//! as it is now: `cargo run --release --example sorted -- FILE [MIB] [LEVEL] [LIMIT_MIB]`.

use gastrolog_format::Compressor;
use gastrolog_format::row_group::{EncodedRowGroup, Header};
use gastrolog_index::{Caps, RowGroupBuilder};
use gastrolog_types::{Attributes, Batch, Timestamp};

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let mib: usize = args.get(2).map_or(Ok(32), |s| s.parse())?;
    let level: i32 = args.get(3).map_or(Ok(15), |s| s.parse())?;
    let limit: usize = args.get(4).map_or(Ok(128), |s| s.parse())? << 20;
    let mut text = std::fs::read(args.get(1).map_or("", |s| s))?;
    text.truncate(limit);
    let (mut as_written, mut sorted, mut whole, mut shapes) = (0, 0, 0, 0);
    let mut at = 0;
    while at < text.len() {
        let mut end = (at + (mib << 20)).min(text.len());
        while end < text.len() && text[end - 1] != b'\n' {
            end += 1;
        }
        let now = Timestamp(1_795_000_000_000_000_000);
        let batch = Batch::from_lines(text[at..end].to_vec(), Attributes::default(), now);
        at = end;
        let group = build(&batch, level);
        let body = &group.bytes[Header::body_offset(&group.bytes)?..];
        let n = group.header.shapes(body)?.shapes.len();
        let ids = group.header.shape_ids(body, n)?;
        let mut order: Vec<usize> = (0..batch.len()).collect();
        order.sort_by_key(|&row| ids.get(row));
        let mut by_shape = batch.clone();
        by_shape.records = order.iter().map(|&row| batch.records[row]).collect();
        whole += group.bytes.len();
        shapes += n;
        as_written += columns(&group);
        sorted += columns(&build(&by_shape, level));
    }
    let saved = as_written as i64 - sorted as i64;
    println!(
        "stored {whole} shapes {shapes} columns {as_written}, sorted by shape {sorted}: saves {saved}, {:.2} % of what is stored",
        100.0 * saved as f64 / whole as f64
    );
    Ok(())
}

fn build(batch: &Batch, level: i32) -> EncodedRowGroup {
    let pipeline = gastrolog_benches::pipeline();
    let mut builder = RowGroupBuilder::new(&pipeline, u64::MAX, Caps::default());
    builder.push(batch);
    builder.finish(0, &mut Compressor::new(level))
}

/// Bytes of the columns: the rest would not change its order.
fn columns(group: &EncodedRowGroup) -> u64 {
    group.header.columns.iter().map(|c| u64::from(c.section.len)).sum()
}
