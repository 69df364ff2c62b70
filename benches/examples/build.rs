//! Builds row groups of a file and says what each column costs: `cargo run --release --example build -- FILE [MIB] [LEVEL]`.

use std::collections::BTreeMap;
use std::time::Instant;

use gastrolog_format::Compressor;
use gastrolog_format::row_group::Header;
use gastrolog_index::{Caps, RowGroupBuilder};
use gastrolog_types::{Attributes, Batch, Timestamp};

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let mib: usize = args.get(2).map_or(Ok(16), |s| s.parse())?;
    let level: i32 = args.get(3).map_or(Ok(3), |s| s.parse())?;
    let limit: usize = args.get(4).map_or(Ok(256), |s| s.parse())? << 20;
    let mut text = std::fs::read(args.get(1).map_or("", |s| s))?;
    text.truncate(limit);
    let pipeline = gastrolog_benches::pipeline();
    let mut c = Compressor::new(level);
    let (mut parse_ns, mut encode_ns, mut stored) = (0u128, 0u128, 0usize);
    let mut by_column: BTreeMap<String, (u64, u64, String)> = BTreeMap::new();
    let mut shapes = 0;
    let raw = text.len();
    let mut at = 0;
    while at < text.len() {
        let mut end = (at + (mib << 20)).min(text.len());
        while end < text.len() && text[end - 1] != b'\n' {
            end += 1;
        }
        let batch = Batch::from_lines(
            text[at..end].to_vec(),
            Attributes::default(),
            Timestamp(1_795_000_000_000_000_000),
        );
        at = end;
        let start = Instant::now();
        let mut builder = RowGroupBuilder::new(&pipeline, u64::MAX, Caps::default());
        builder.expect(batch.len());
        builder.push(&batch);
        parse_ns += start.elapsed().as_nanos();
        let start = Instant::now();
        let encoded = builder.finish(0, &mut c);
        encode_ns += start.elapsed().as_nanos();
        stored += encoded.bytes.len();
        let h: &Header = &encoded.header;
        let body = &encoded.bytes[Header::body_offset(&encoded.bytes)?..];
        shapes += h.shapes(body)?.shapes.len();
        for m in &h.columns {
            let name = format!(
                "{}#{}.{}{}",
                m.key.name,
                m.key.occurrence,
                m.key.escape,
                if m.key.attribute { "@" } else { "" }
            );
            let e = by_column.entry(name).or_default();
            e.0 += u64::from(m.section.len);
            e.1 += m.raw_bytes;
            let encoding = m.encoding.name();
            if !e.2.contains(encoding) {
                e.2 = format!("{} {encoding}", e.2);
            }
        }
        for (n, s) in [
            ("[shapes]", h.shapes),
            ("[ids]", h.shape_ids),
            ("[ingest]", h.ingest),
            ("[source]", h.source),
            ("[filter]", h.filter),
        ] {
            by_column.entry(n.into()).or_default().0 += u64::from(s.len);
        }
        if h.typed.0 & gastrolog_format::words::TypedWords::UNALIGNED != 0 {
            eprintln!("a shape cuts words: the filter of this row group proves nothing");
        }
        if h.unparsed_rows > 0 {
            eprintln!("unparsed rows {}", h.unparsed_rows);
        }
    }
    let mut rows: Vec<_> = by_column.into_iter().collect();
    rows.sort_by_key(|r| std::cmp::Reverse(r.1.0));
    for (name, (bytes, raw, encodings)) in rows.iter().take(40) {
        println!("{bytes:>10} {raw:>10} {name} {encodings}");
    }
    let mb = |ns: u128| raw as f64 * 1e3 / ns as f64;
    println!(
        "raw {raw} stored {stored} {:.2} %  shapes {shapes}  parse {:.0} MB/s encode {:.0} MB/s all {:.0} MB/s",
        100.0 * stored as f64 / raw as f64,
        mb(parse_ns),
        mb(encode_ns),
        mb(parse_ns + encode_ns)
    );
    Ok(())
}
