//! Writes the records of some chunks to another file.

use std::sync::Arc;

use gastrolog_env::EnvError;
use gastrolog_types::Batch;

use super::RecompactPolicy;
use crate::rows::read_rows;
use crate::store::active::{ActiveChunk, Failure};
use crate::store::encode::encode;
use crate::store::options::ROW_GROUP_BYTES_MAX;
use crate::store::state::{ROW_GROUP_RECORDS_MAX, attribute_weight, end_seq};
use crate::store::{Encoder, Shared, StoreError, read_back};
use crate::{Chunk, Pending, ReadError, RowGroup};

/// Why there is no new chunk.
#[derive(Debug)]
pub(super) enum Halt {
    /// The caller wants no more of it.
    Stopped,
    /// These chunks are better left as they are.
    Leave { chunks: Vec<u128>, reason: String, harmless: bool },
    /// The disk failed.
    Failed(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Halt {
        Halt::Failed(error)
    }
}

impl From<EnvError> for Halt {
    fn from(error: EnvError) -> Halt {
        Halt::Failed(error.into())
    }
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Halt {
        match failure {
            Failure::Again(error) | Failure::Retire(error) => error.into(),
        }
    }
}

/// The writing of one chunk.
pub(super) struct Rewrite<'a> {
    shared: &'a Shared,
    encoder: &'a dyn Encoder,
    sources: &'a [Arc<Chunk>],
    /// Text of each row group, about.
    aim_bytes: u64,
    total_bytes: u64,
    /// What goes into the next row group.
    gathered: Vec<Pending>,
    gathered_bytes: u64,
    /// Bytes of attributes in it, which are no part of `gathered_bytes`.
    attribute_bytes: u64,
    done_bytes: u64,
}

impl<'a> Rewrite<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        policy: &RecompactPolicy,
        encoder: &'a dyn Encoder,
        sources: &'a [Arc<Chunk>],
    ) -> Rewrite<'a> {
        let total_bytes: u64 = sources.iter().map(|c| c.summary.raw_bytes).sum();
        let most = policy.row_group_bytes.clamp(1, ROW_GROUP_BYTES_MAX);
        Rewrite {
            shared,
            encoder,
            sources,
            // All of one size: a small one at the end would compress badly.
            aim_bytes: total_bytes / total_bytes.div_ceil(most).max(1),
            total_bytes,
            gathered: Vec::new(),
            gathered_bytes: 0,
            attribute_bytes: 0,
            done_bytes: 0,
        }
    }

    /// Writes every record of the sources to `made`.
    pub(super) fn run(
        mut self,
        made: &mut ActiveChunk,
        pace: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<(), Halt> {
        for chunk in self.sources {
            let leave = |e: ReadError| Halt::Leave {
                chunks: vec![chunk.summary.id],
                reason: e.to_string(),
                harmless: false,
            };
            if let Some(damage) = chunk.damage() {
                return Err(leave(damage.clone()));
            }
            for group in chunk.row_groups().map_err(leave)? {
                if self.is_full(group) {
                    self.put(made)?;
                }
                let batch = read(group).map_err(leave)?;
                let (first_seq, range) = (group.entry.first_seq, 0..batch.len());
                self.attribute_bytes += attribute_weight(&batch, range.clone());
                self.gathered.push(Pending { first_seq, batch: Arc::new(batch), range });
                self.gathered_bytes += group.entry.raw_bytes;
                if !pace(self.done_bytes, self.total_bytes) {
                    return Err(Halt::Stopped);
                }
            }
        }
        self.put(made)?;
        pace(self.done_bytes, self.total_bytes);
        Ok(())
    }

    /// Whether this row group does not go with what was gathered.
    fn is_full(&self, next: &RowGroup) -> bool {
        let Some(last) = self.gathered.last() else { return false };
        let rows: usize = self.gathered.iter().map(|p| p.range.len()).sum();
        let entry = &next.entry;
        let aim_bytes = self.aim_bytes.min(ROW_GROUP_BYTES_MAX);
        end_seq(last) != entry.first_seq
            || rows + entry.rows as usize > ROW_GROUP_RECORDS_MAX
            || self.gathered_bytes + entry.raw_bytes / 2 > aim_bytes
            || self.attribute_bytes > ROW_GROUP_BYTES_MAX
    }

    /// Writes what was gathered, after making sure that it says the same.
    fn put(&mut self, made: &mut ActiveChunk) -> Result<(), Halt> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let encoded = encode(&self.gathered, &|plan| self.encoder.encode(plan)).map_err(StoreError::from)?;
        let looked = read_back::sections(&encoded);
        if let Err(reason) = looked.and_then(|()| read_back::records(&self.gathered, &encoded, true)) {
            let chunks = self.sources.iter().map(|c| c.summary.id).collect();
            return Err(Halt::Leave { chunks, reason, harmless: false });
        }
        self.gathered.clear();
        for (group, shapes) in &encoded {
            made.append(group, shapes, self.shared.options.footer_budget)?;
        }
        self.attribute_bytes = 0;
        self.done_bytes += std::mem::take(&mut self.gathered_bytes);
        Ok(())
    }
}

fn read(group: &RowGroup) -> Result<Batch, ReadError> {
    let header = group.header()?;
    read_rows(&header, &group.body()?).map_err(|e| group.error(e))
}
