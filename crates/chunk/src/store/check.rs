//! What is asked of a batch before it is taken.

use gastrolog_types::{Attributes, Batch, NewRecord};

use super::StoreError;
use crate::wal::{ATTRIBUTE_BYTES_MAX, ATTRIBUTE_PAIRS_MAX, RECORD_BYTES_MAX};

/// Refuses a batch that contradicts itself or exceeds a limit; returns the bytes of its records' texts.
pub(super) fn check(batch: &Batch) -> Result<u64, StoreError> {
    if u32::try_from(batch.text.len()).is_err() || u32::try_from(batch.records.len()).is_err() {
        return refuse("it has 4 GiB of text or more");
    }
    batch.attributes.iter().try_for_each(check_attributes)?;
    let mut bytes = 0;
    for (i, record) in batch.records.iter().enumerate() {
        bytes += check_record(batch, i, record)?;
    }
    Ok(bytes)
}

fn check_attributes(set: &Attributes) -> Result<(), StoreError> {
    let bytes: usize = set.iter().map(|(n, v)| n.len() + v.len()).sum();
    if set.len() > ATTRIBUTE_PAIRS_MAX {
        return refuse(format!("a record has {} attributes, more than {ATTRIBUTE_PAIRS_MAX}", set.len()));
    }
    if bytes > ATTRIBUTE_BYTES_MAX {
        return refuse(format!(
            "the attributes of a record have {bytes} bytes, more than {ATTRIBUTE_BYTES_MAX}"
        ));
    }
    Ok(())
}

fn check_record(batch: &Batch, i: usize, record: &NewRecord) -> Result<u64, StoreError> {
    if record.start > record.end || record.end as usize > batch.text.len() {
        return refuse(format!("record {i} lies outside of the text"));
    }
    if record.attributes as usize >= batch.attributes.len() {
        return refuse(format!("record {i} has attributes that are not there"));
    }
    let bytes = (record.end - record.start) as usize;
    if bytes > RECORD_BYTES_MAX {
        return refuse(format!("record {i} has {bytes} bytes, more than {RECORD_BYTES_MAX}"));
    }
    Ok(bytes as u64)
}

fn refuse<T>(reason: impl Into<String>) -> Result<T, StoreError> {
    Err(StoreError::Refused { reason: reason.into() })
}
