//! The signal to stop, for threads and for async tasks alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

/// Tells everybody who holds a clone to finish. Set once, never unset.
#[derive(Clone, Default)]
pub struct Shutdown(Arc<Inner>);

#[derive(Default)]
struct Inner {
    set: AtomicBool,
    lock: Mutex<()>,
    threads: Condvar,
    tasks: Notify,
}

impl Shutdown {
    /// A signal that is not set.
    pub fn new() -> Shutdown {
        Shutdown::default()
    }

    /// Sets the signal and wakes all who wait for it.
    pub fn start(&self) {
        let held = self.0.lock.lock();
        self.0.set.store(true, Ordering::Release);
        drop(held);
        self.0.threads.notify_all();
        self.0.tasks.notify_waiters();
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.0.set.load(Ordering::Acquire)
    }

    /// Waits for it in an async task.
    pub async fn wait(&self) {
        let notified = self.0.tasks.notified();
        tokio::pin!(notified);
        // Registered before the flag is looked at, so that a signal between the two is not missed.
        notified.as_mut().enable();
        if !self.is_set() {
            notified.await;
        }
    }

    /// Waits for it in an async task, and for `grace` more: then the time to drain is over.
    pub async fn wait_and(&self, grace: Duration) {
        self.wait().await;
        tokio::time::sleep(grace).await;
    }

    /// Blocks the thread until it is set, `timeout` at most; says whether it is set.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut held = self.0.lock.lock();
        while !self.is_set() {
            if self.0.threads.wait_until(&mut held, deadline).timed_out() {
                break;
            }
        }
        self.is_set()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wakes_threads_and_tasks() {
        let shutdown = Shutdown::new();
        assert!(!shutdown.wait_timeout(Duration::from_millis(1)));
        let thread = std::thread::spawn({
            let shutdown = shutdown.clone();
            move || shutdown.wait_timeout(Duration::from_secs(60))
        });
        let task = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.wait().await }
        });
        tokio::task::yield_now().await;
        shutdown.start();
        task.await.unwrap();
        assert!(thread.join().unwrap());
        shutdown.wait().await;
    }
}
