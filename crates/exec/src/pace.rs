//! Asks in the middle of long work whether the query shall go on.

use std::cell::Cell;

use crate::ExecError;

/// Says by an error that the query shall stop. Asked often, by all threads of a query.
pub type Check<'a> = &'a (dyn Fn() -> Result<(), ExecError> + Sync);

/// What is said of work that was stopped: it is worth nothing. [`crate::run`] then says why.
pub(crate) const STOPPED: &str = "the query was stopped before this was looked at";

/// How many bytes are looked at between two questions: an expression may take some µs a byte.
const BYTES_BETWEEN_CHECKS: usize = 16 << 10;

/// What a value counts beside its bytes: a list of numbers may take long for each.
const VALUE_BYTES: usize = 64;

/// Counts the work of one thread.
pub(crate) struct Pace<'a> {
    check: Check<'a>,
    bytes: Cell<usize>,
    over: Cell<bool>,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(check: Check<'a>) -> Pace<'a> {
        Pace { check, bytes: Cell::new(0), over: Cell::new(false) }
    }

    /// Whether the query shall stop. Called before a value of so many bytes is looked at; once it is so, it stays so.
    pub(crate) fn is_over(&self, bytes: usize) -> bool {
        let done = self.bytes.get() + bytes + VALUE_BYTES;
        self.bytes.set(done);
        if done >= BYTES_BETWEEN_CHECKS {
            self.bytes.set(0);
            self.over.set(self.over.get() || (self.check)().is_err());
        }
        self.over.get()
    }

    /// Whether it was said that the query shall stop.
    pub(crate) fn was_over(&self) -> bool {
        self.over.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_by_bytes_and_by_values_and_stays_over() {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let check = || {
            let n = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if n == 2 { Err(ExecError::Cancelled) } else { Ok(()) }
        };
        let pace = Pace::new(&check);
        assert!((0..256).all(|_| !pace.is_over(0)) && !pace.is_over(1 << 20));
        assert!(!pace.was_over());
        assert!(pace.is_over(1 << 20) && pace.is_over(0) && pace.is_over(1 << 20) && pace.was_over());
    }
}
