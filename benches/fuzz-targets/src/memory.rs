//! Counts what is allocated. It is a global allocator, so whoever links this crate is counted.

use std::alloc::System;

use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes that are held now.
pub fn held_bytes() -> usize {
    ALLOCATOR.allocated()
}

/// Most bytes that were held at any moment. It never falls: only the first input that goes over is seen to.
pub fn peak_bytes() -> usize {
    ALLOCATOR.max_allocated()
}

/// Ends the process, rather than the machine, when more is wanted; a fuzzer keeps the input that did it.
pub fn refuse_beyond(bytes: usize) {
    // An error says that more is held already: the next allocation ends the process then.
    let _ = ALLOCATOR.set_limit(bytes);
}
