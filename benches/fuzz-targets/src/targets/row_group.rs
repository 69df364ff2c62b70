//! Row groups with every checksum made right: header, sections, columns, shapes, filter.

use gastrolog_format::filter::FilterHead;
use gastrolog_format::row_group::Header;
use gastrolog_format::{CHUNK_HEAD_BYTES, Compressor};
use gastrolog_index::{Caps, RowGroupBuilder};
use gastrolog_types::{Attributes, Batch, Timestamp};

use super::column::write_rows;
use super::indexers::pipeline;
use super::past::{NOW, past_chunk};
use super::seal;
use crate::Target;
use crate::corpus::lines;

pub(crate) const TARGETS: &[Target] = &[Target::new("row_group", run, seeds).with_streams()];

/// Rows of a column that are written out.
const ROWS_WRITTEN_MAX: usize = 2000;

/// Small ones of each log, and one of a past release.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let pipeline = pipeline();
    let of_log = |log: &str| {
        let mut builder = RowGroupBuilder::new(&pipeline, u64::MAX, Caps::default());
        let attributes = Attributes::new([("file", log.as_bytes())]);
        builder.push(&Batch::from_lines(lines(log, 3).join(&b'\n'), attributes, Timestamp(NOW)));
        builder.finish(5, &mut Compressor::new(1)).bytes
    };
    let past = past_chunk().into_iter().skip(CHUNK_HEAD_BYTES).collect();
    ["app.jsonl", "syslog.log", "mixed.log"].map(of_log).into_iter().chain([past]).collect()
}

fn run(data: &[u8]) {
    let mut bytes = data.to_vec();
    seal::row_group(&mut bytes);
    read_all(&bytes);
}

/// Reads whatever can be read, each section by itself; whether all could.
pub(crate) fn read_all(bytes: &[u8]) -> bool {
    let (Ok((header, _)), Ok(offset)) = (Header::read(bytes), Header::body_offset(bytes)) else {
        return false;
    };
    let body = bytes.get(offset..).unwrap_or(&[]);
    let mut good = true;
    for i in 0..header.columns.len() {
        match header.column(body, i) {
            Ok(column) => {
                column.memory_bytes();
                write_rows(&column, ROWS_WRITTEN_MAX);
            }
            Err(_) => good = false,
        }
    }
    let shapes = header.shapes(body).map(|s| s.shapes.len());
    good &= shapes.is_ok_and(|n| header.shape_ids(body, n).is_ok());
    good &= header.ingest(body).is_ok() & header.source(body).is_ok();
    let Ok(bytes) = header.filter_bytes(body) else { return false };
    let filter = FilterHead::read(bytes);
    if let Ok(Some(filter)) = &filter {
        good &= (0..16).all(|i| filter.may_contain(bytes, i << 59 | i).is_ok());
        good &= filter.verify(bytes).is_ok();
    }
    good && filter.is_ok()
}
