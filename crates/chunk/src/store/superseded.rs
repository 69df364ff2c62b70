//! Chunk files whose records are in a later chunk as well, because a crash came before they could be removed.
//!
//! A chunk that was written anew has a higher generation than those it was made of, and all of their records. It is
//! synced before it gets its name, so where it has its name it is believed and they are not.

use std::cmp::Reverse;
use std::path::PathBuf;

use gastrolog_types::Seq;

use super::recover::Found;
use crate::ChunkSummary;

impl Found {
    fn generation(&self) -> u32 {
        match self {
            Found::Sealed(summary, _) => summary.generation,
            Found::Unsealed(chunk) => chunk.head.generation,
            Found::Unreadable(_) => 0,
        }
    }

    fn path(&self) -> &PathBuf {
        match self {
            Found::Sealed(_, path) => path,
            Found::Unsealed(chunk) => &chunk.path,
            Found::Unreadable(path) => path,
        }
    }
}

/// Whether a chunk made of this one is there.
pub(super) fn is_superseded(lost: &ChunkSummary, chunks: &[Found]) -> bool {
    let (first, end) = (lost.first_seq, lost.end_seq);
    let has_it = |found: &Found| found.seqs().is_some_and(|(f, e)| f <= first && end <= e);
    chunks.iter().any(|found| found.generation() > lost.generation && has_it(found))
}

/// Takes the chunks out of the list whose records are in another one; returns their files.
pub(super) fn set_aside(chunks: &mut Vec<Found>) -> Vec<PathBuf> {
    if chunks.iter().all(|c| c.generation() == 0) {
        return Vec::new();
    }
    let mut order: Vec<(Seq, Reverse<Seq>, Reverse<u32>, usize)> = Vec::new();
    for (i, found) in chunks.iter().enumerate() {
        if let Some((first, end)) = found.seqs() {
            order.push((first, Reverse(end), Reverse(found.generation()), i));
        }
    }
    // What a chunk was made of comes right behind it.
    order.sort_unstable();
    let mut gone = vec![false; chunks.len()];
    let mut made: Option<(Seq, u32)> = None;
    for (_, Reverse(end), Reverse(generation), i) in order {
        match made {
            Some((made_end, above)) if end <= made_end && generation < above => {
                if let Some(gone) = gone.get_mut(i) {
                    *gone = true;
                }
            }
            _ => made = Some((end, generation)),
        }
    }
    let mut at = 0;
    let mut superseded = Vec::new();
    chunks.retain(|found| {
        let gone = gone.get(at).copied().unwrap_or(false);
        at += 1;
        if gone {
            superseded.push(found.path().clone());
        }
        !gone
    });
    superseded
}
