//! A batch as bytes; the layout is in the documentation of [`super`].

use std::ops::Range;

use gastrolog_types::{Attributes, Batch, NewRecord, Timestamp};

use super::varint::{Reader, put, put_signed};
use super::{ATTRIBUTE_PAIRS_MAX, FRAME_BYTES_MAX, FRAME_RECORDS_MAX, RECORD_BYTES_MAX};

/// A batch that contradicts itself, or bytes that are not a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed batch: {0}")]
pub struct MalformedBatch(pub &'static str);

/// Appends the records `range` of `batch` to `out`, with the attribute sets they use.
///
/// # Errors
/// When a record points outside of the batch, or an attribute set has more than [`ATTRIBUTE_PAIRS_MAX`] pairs.
pub fn encode_batch(batch: &Batch, range: Range<usize>, out: &mut Vec<u8>) -> Result<(), MalformedBatch> {
    let records = batch.records.get(range).ok_or(MalformedBatch("there are fewer records"))?;
    put(out, records.len() as u64);
    let places = encode_sets(batch, records, out)?;
    let mut ingest_before = 0i64;
    for record in records {
        let set = places.get(record.attributes as usize).copied().unwrap_or(0);
        let has_source = record.source.is_some();
        put(out, u64::from(set) << 1 | u64::from(has_source));
        put_signed(out, record.ingest.0.wrapping_sub(ingest_before));
        if has_source {
            put_signed(out, record.source.0.wrapping_sub(record.ingest.0));
        }
        put(out, text_of(batch, record)?.len() as u64);
        ingest_before = record.ingest.0;
    }
    for record in records {
        out.extend_from_slice(text_of(batch, record)?);
    }
    Ok(())
}

fn text_of<'a>(batch: &'a Batch, record: &NewRecord) -> Result<&'a [u8], MalformedBatch> {
    let range = record.start as usize..record.end as usize;
    batch.text.get(range).ok_or(MalformedBatch("a record lies outside of the text"))
}

/// Writes the sets that `records` use; returns for each set of the batch its place among those written.
fn encode_sets(batch: &Batch, records: &[NewRecord], out: &mut Vec<u8>) -> Result<Vec<u32>, MalformedBatch> {
    const UNUSED: u32 = u32::MAX;
    let mut places = vec![UNUSED; batch.attributes.len()];
    let mut used = Vec::new();
    for record in records {
        let set = record.attributes as usize;
        let place =
            places.get_mut(set).ok_or(MalformedBatch("a record has attributes that are not there"))?;
        if *place == UNUSED {
            *place = used.len() as u32;
            used.extend(batch.attributes.get(set));
        }
    }
    put(out, used.len() as u64);
    for set in used {
        if set.len() > ATTRIBUTE_PAIRS_MAX {
            return Err(MalformedBatch("a record has too many attributes"));
        }
        put(out, set.len() as u64);
        for (name, value) in set.iter() {
            put(out, name.len() as u64);
            out.extend_from_slice(name.as_bytes());
            put(out, value.len() as u64);
            out.extend_from_slice(value);
        }
    }
    Ok(places)
}

/// The batch that `bytes` hold. Allocates in proportion to `bytes`, whatever they say.
///
/// # Errors
/// When `bytes` are not one whole batch and nothing else, or exceed the limits of the log.
pub fn decode_batch(bytes: &[u8]) -> Result<Batch, MalformedBatch> {
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(MalformedBatch("it is too long"));
    }
    let mut reader = Reader(bytes);
    // The least record is three numbers of one byte.
    let count = reader.count(3)?;
    if count > FRAME_RECORDS_MAX {
        return Err(MalformedBatch("it has too many records"));
    }
    let attributes = decode_sets(&mut reader, count)?;
    let mut records = Vec::with_capacity(count);
    let (mut start, mut ingest) = (0u32, 0i64);
    for _ in 0..count {
        let record = decode_record(&mut reader, start, ingest, attributes.len())?;
        (start, ingest) = (record.end, record.ingest.0);
        records.push(record);
    }
    if reader.0.len() != start as usize {
        return Err(MalformedBatch("the texts are not as long as the records say"));
    }
    Ok(Batch { text: reader.0.to_vec(), records, attributes })
}

fn decode_record(
    reader: &mut Reader<'_>,
    start: u32,
    ingest_before: i64,
    sets: usize,
) -> Result<NewRecord, MalformedBatch> {
    let set = reader.number()?;
    let attributes = u32::try_from(set >> 1).ok().filter(|&a| (a as usize) < sets);
    let attributes = attributes.ok_or(MalformedBatch("a record has attributes that are not there"))?;
    let ingest = ingest_before.wrapping_add(reader.signed()?);
    let source =
        if set & 1 == 0 { Timestamp::NONE } else { Timestamp(ingest.wrapping_add(reader.signed()?)) };
    let len = reader.count(1)?;
    if len > RECORD_BYTES_MAX {
        return Err(MalformedBatch("a record is too long"));
    }
    let end = start.checked_add(len as u32).ok_or(MalformedBatch("the texts are too long"))?;
    Ok(NewRecord { start, end, attributes, ingest: Timestamp(ingest), source })
}

fn decode_sets(reader: &mut Reader<'_>, records: usize) -> Result<Vec<Attributes>, MalformedBatch> {
    let count = reader.count(1)?;
    if count > records {
        return Err(MalformedBatch("it has more attribute sets than records"));
    }
    let mut sets = Vec::with_capacity(count);
    for _ in 0..count {
        let pairs = reader.count(2)?;
        if pairs > ATTRIBUTE_PAIRS_MAX {
            return Err(MalformedBatch("a record has too many attributes"));
        }
        let mut set = Vec::with_capacity(pairs);
        for _ in 0..pairs {
            let name = std::str::from_utf8(reader.prefixed()?);
            let name = name.map_err(|_| MalformedBatch("the name of an attribute is not UTF-8"))?;
            set.push((name, reader.prefixed()?));
        }
        let set = Attributes::new(set);
        if set.len() != pairs {
            return Err(MalformedBatch("an attribute is there twice"));
        }
        sets.push(set);
    }
    Ok(sets)
}
