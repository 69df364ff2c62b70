//! Reads row groups back: what a reader would refuse, or would read as something else, must not take the place of records.

use gastrolog_format::row_group::{EncodedRowGroup, Header};
use gastrolog_types::{Batch, Seq, Timestamp};

use super::encode::Encoded;
use crate::rows::read_rows;
use crate::{Pending, faults_of_sections};

/// Takes every section of the row groups apart, as a reader does before it comes to single values; says what it would refuse.
pub(super) fn sections(groups: &[Encoded]) -> Result<(), String> {
    for (group, shapes) in groups {
        let (header, body) = parts(group)?;
        if let Some((place, why)) = faults_of_sections(&header, body).into_iter().next() {
            return Err(format!("a row group cannot be read back: {place}: {why}"));
        }
        let found = header.shapes(body).map_err(|e| e.to_string())?;
        if header != group.header || found != *shapes {
            return Err("a row group is not what its encoder says".into());
        }
    }
    Ok(())
}

/// Reads all records of the row groups and says which is not as it was. Where `all_times` is not set, the encoder may have
/// found times of records that came without one.
pub(super) fn records(records: &[Pending], groups: &[Encoded], all_times: bool) -> Result<(), String> {
    let mut all = records.iter().flat_map(|p| p.range.clone().map(move |i| (p, i)));
    for (group, _) in groups {
        let (header, body) = parts(group)?;
        let found = read_rows(&header, body).map_err(|e| e.to_string())?;
        for (at, (pending, i)) in all.by_ref().take(found.len()).enumerate() {
            if !is_same((&pending.batch, i), (&found, at), all_times) {
                let seq: Seq = pending.first_seq + (i - pending.range.start) as u64;
                return Err(format!("record {seq} would not be the same"));
            }
        }
    }
    Ok(())
}

fn parts(group: &EncodedRowGroup) -> Result<(Header, &[u8]), String> {
    let read = Header::read(&group.bytes).and_then(|read| Ok((read, Header::body_offset(&group.bytes)?)));
    let ((header, _), at) =
        read.map_err(|e| format!("the header of a row group cannot be read back: {e}"))?;
    Ok((header, group.bytes.get(at..).unwrap_or(&[])))
}

fn is_same((given, i): (&Batch, usize), (found, j): (&Batch, usize), all_times: bool) -> bool {
    let (Some(x), Some(y)) = (given.records.get(i), found.records.get(j)) else { return false };
    let attributes =
        given.attributes.get(x.attributes as usize) == found.attributes.get(y.attributes as usize);
    let source = x.source == y.source || !all_times && x.source == Timestamp::NONE;
    attributes && source && x.ingest == y.ingest && given.text_of(i) == found.text_of(j)
}
