//! Large buffers that are used again. The system clears fresh memory page by page when it is first written to, which for
//! the text of a large request takes longer than to receive it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Smaller buffers are left to the allocator.
const BYTES_MIN: usize = 1 << 20;

/// Larger buffers are not kept.
const BYTES_MAX: usize = 20 << 20;

/// Most buffers kept.
const KEPT_MAX: usize = 2;

static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

fn kept() -> MutexGuard<'static, Vec<Vec<u8>>> {
    // A list of empty buffers is in order whoever panicked.
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An empty buffer with room for `bytes`: one that was [given back](give), or a new one.
pub fn take(bytes: usize) -> Vec<u8> {
    if bytes >= BYTES_MIN {
        let mut kept = kept();
        let fits = |b: &Vec<u8>| b.capacity() >= bytes && b.capacity() / 2 <= bytes;
        if let Some(place) = kept.iter().position(fits) {
            return kept.swap_remove(place);
        }
    }
    Vec::with_capacity(bytes)
}

/// Gives a buffer back, for the next one who needs one of about its size.
pub fn give(mut buffer: Vec<u8>) {
    if !(BYTES_MIN..=BYTES_MAX).contains(&buffer.capacity()) {
        return;
    }
    buffer.clear();
    let mut kept = kept();
    if kept.len() == KEPT_MAX {
        kept.remove(0);
    }
    kept.push(buffer);
}

/// Leaves all buffers that are kept to the system.
pub fn forget() {
    kept().clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_and_of_its_size() {
        let mut buffer = take(2 << 20);
        buffer.resize(2 << 20, 7);
        let place = buffer.as_ptr();
        give(buffer);
        let (larger, smaller) = (take(8 << 20), take(100));
        assert!(larger.as_ptr() != place && smaller.as_ptr() != place);
        let again = take((2 << 20) - 100);
        assert!(again.is_empty() && again.as_ptr() == place);
        give(again);
        give(Vec::with_capacity(BYTES_MAX + 1));
        (0..9).for_each(|_| give(Vec::with_capacity(BYTES_MIN)));
        assert_eq!(kept().len(), KEPT_MAX);
        forget();
        assert_eq!(kept().len(), 0);
    }
}
