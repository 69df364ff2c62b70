//! Large buffers that are used again. The system clears fresh memory page by page when it is first written to, which for
//! the text of a large request takes longer than to receive it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Smaller buffers are left to the allocator. A large body passes through one of a mebibyte before its length is believed:
/// that must not take the place of a large one.
const BYTES_MIN: usize = 2 << 20;

/// Sizes are rounded up to a multiple of this: requests of a size differ by a line, and each is to fit where the one
/// before was.
const ROUND_BYTES: usize = 64 << 10;

/// Larger buffers are not kept.
const BYTES_MAX: usize = 20 << 20;

/// Most buffers kept.
const KEPT_MAX: usize = 2;

/// The buffers that are kept, the one that came back last at the end.
struct Kept {
    buffers: Vec<Vec<u8>>,
    /// Whether one was taken since [`forget_idle`].
    taken: bool,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept { buffers: Vec::new(), taken: false });

fn kept() -> MutexGuard<'static, Kept> {
    // A list of empty buffers is in order whoever panicked.
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An empty buffer with room for `bytes`: one that was [given back](give), or a new one.
pub fn take(bytes: usize) -> Vec<u8> {
    if bytes < BYTES_MIN {
        return Vec::with_capacity(bytes);
    }
    let mut kept = kept();
    let fits = |b: &Vec<u8>| b.capacity() >= bytes && b.capacity() / 2 <= bytes;
    // The last one first: its bytes are more likely still near the processor.
    if let Some(place) = kept.buffers.iter().rposition(fits) {
        kept.taken = true;
        return kept.buffers.remove(place);
    }
    drop(kept);
    Vec::with_capacity(bytes.next_multiple_of(ROUND_BYTES))
}

/// Gives a buffer back, for the next one who needs one of about its size.
pub fn give(mut buffer: Vec<u8>) {
    if !(BYTES_MIN..=BYTES_MAX).contains(&buffer.capacity()) {
        return;
    }
    buffer.clear();
    let mut kept = kept();
    if kept.buffers.len() == KEPT_MAX {
        kept.buffers.remove(0);
    }
    kept.buffers.push(buffer);
}

/// Leaves all buffers that are kept to the system, unless one was of use since the last call.
pub fn forget_idle() {
    let mut kept = kept();
    if !std::mem::take(&mut kept.taken) {
        kept.buffers.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_and_of_its_size() {
        let mut buffer = take(BYTES_MIN);
        buffer.resize(BYTES_MIN, 7);
        let place = buffer.as_ptr();
        give(buffer);
        let (larger, smaller) = (take(8 << 20), take(100));
        assert!(larger.as_ptr() != place && smaller.as_ptr() != place);
        let again = take(BYTES_MIN);
        assert!(again.is_empty() && again.as_ptr() == place);
        give(again);
        give(Vec::with_capacity(BYTES_MAX + 1));
        (0..9).for_each(|_| give(Vec::with_capacity(BYTES_MIN)));
        assert_eq!(kept().buffers.len(), KEPT_MAX);
        // One was taken: they stay until a whole turn passed without.
        forget_idle();
        assert_eq!(kept().buffers.len(), KEPT_MAX);
        forget_idle();
        assert_eq!(kept().buffers.len(), 0);
        // One line more fits too.
        assert!(take(BYTES_MIN + 1).capacity() >= BYTES_MIN + 250);
    }
}
