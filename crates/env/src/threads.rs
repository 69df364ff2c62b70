//! Threads that the system may refuse: each refusal is counted, and none is a panic.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, Scope, ScopedJoinHandle};

/// How often the system refused one, since the process began.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// The stack of a thread that does nothing.
const STACK_BYTES: usize = 64 << 10;

/// How often the system refused this process a thread, as far as it was asked by this module.
pub fn refused_threads() -> u64 {
    REFUSED.load(Ordering::Relaxed)
}

/// Starts a thread for `work`; none where the system refuses it: then whoever asked has to do the work.
pub fn spawn_scoped<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Option<ScopedJoinHandle<'scope, T>> {
    counted(Builder::new().spawn_scoped(scope, work)).ok()
}

/// Whether the system grants a thread at this moment, found by starting one that does nothing. Pools keep to themselves
/// that they were refused one.
///
/// # Errors
/// When it refuses it, by what it says.
pub fn try_thread() -> io::Result<()> {
    try_with(STACK_BYTES)
}

fn try_with(stack_bytes: usize) -> io::Result<()> {
    counted(Builder::new().name("nothing".to_owned()).stack_size(stack_bytes).spawn(|| ())).map(drop)
}

fn counted<T>(started: io::Result<T>) -> io::Result<T> {
    started.inspect_err(|_| {
        REFUSED.fetch_add(1, Ordering::Relaxed);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_is_counted() {
        let before = refused_threads();
        try_thread().unwrap();
        let done = std::thread::scope(|scope| spawn_scoped(scope, || 7).map(|t| t.join().unwrap()));
        assert_eq!((done, refused_threads()), (Some(7), before));
        // No machine has room for this stack.
        try_with(1 << 60).unwrap_err();
        assert_eq!(refused_threads(), before + 1);
    }
}
