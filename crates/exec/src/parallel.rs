//! Work that is done by several threads of one query.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gastrolog_env::spawn_scoped;

use crate::ExecError;
use crate::run::Run;

impl Run<'_> {
    /// Calls `work` with each of `0..count`, by as many threads as there may be; each gathers what it finds in a `T` of
    /// its own, which comes back even after an error. Nothing more is begun after one.
    pub(crate) fn parallel<T: Send>(
        &self,
        count: usize,
        new: impl Fn() -> T + Sync,
        work: impl Fn(usize, &mut T) -> Result<(), ExecError> + Sync,
    ) -> (Vec<T>, Result<(), ExecError>) {
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::new());
        let one = || {
            let mut own = new();
            let mut result = Ok(());
            while result.is_ok() {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= count {
                    break;
                }
                result = (self.context.check)().and_then(|()| work(place, &mut own));
            }
            if result.is_err() {
                next.store(count, Ordering::Relaxed);
            }
            if let Ok(mut done) = done.lock() {
                done.push((own, result));
            }
        };
        let threads = self.context.threads.min(count);
        if threads > 1 {
            std::thread::scope(|scope| {
                for _ in 1..threads {
                    // Refused one, the others do its part.
                    spawn_scoped(scope, one);
                }
                one();
            });
        } else {
            one();
        }
        let (found, results): (Vec<T>, Vec<_>) = done.into_inner().unwrap_or_default().into_iter().unzip();
        (found, results.into_iter().collect())
    }
}
