//! Measures the JSON indexer on the lines of standard input: `head -c 200000000 app.jsonl | cargo run --release
//! -p gastrolog-indexer-json --example rate`.

use std::hint::black_box;
use std::io::Read;
use std::time::Instant;

use gastrolog_index::{Claim, Indexer, RangeSet};
use gastrolog_indexer_json::JsonIndexer;

/// The fastest of so many rounds is shown.
const ROUNDS: u32 = 5;

fn main() -> std::io::Result<()> {
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text)?;
    let lines: Vec<&[u8]> = text.split(|&b| b == b'\n').collect();
    let mut out = RangeSet::default();
    let mut best_ns = u128::MAX;
    let (mut claimed, mut ranges) = (0, 0);
    for _ in 0..ROUNDS {
        (claimed, ranges) = (0, 0);
        let start = Instant::now();
        for line in &lines {
            out.clear();
            claimed += usize::from(JsonIndexer.index(line, 0..line.len(), &mut out) == Claim::Yes);
            ranges += black_box(&out).spans().len();
        }
        best_ns = best_ns.min(start.elapsed().as_nanos());
    }
    let mb_per_s = text.len() as f64 * 1e3 / best_ns as f64;
    println!("{mb_per_s:.0} MB/s, {} lines, {claimed} claimed, {ranges} ranges", lines.len());
    Ok(())
}
