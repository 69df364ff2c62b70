//! The async runtime of a receiver, which works on a thread of its own.

use std::future::Future;
use std::time::Duration;

use gastrolog_ingest::ReceiverError;

/// How long blocking work (a batch on its way into the store) is waited for at the end.
const BLOCKING_DRAIN: Duration = Duration::from_secs(10);

/// Runs `future` to its end with `threads` threads for sockets; storing has threads of its own. For
/// [`gastrolog_ingest::Receiver::run`].
pub fn run_async<F>(thread_name: &str, threads: usize, future: F) -> Result<(), ReceiverError>
where
    F: Future<Output = Result<(), ReceiverError>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.max(1))
        .thread_name(thread_name)
        .enable_all()
        .build()
        .map_err(ReceiverError::io(format!("starting threads for {thread_name}")))?;
    let ended = runtime.block_on(future);
    runtime.shutdown_timeout(BLOCKING_DRAIN);
    ended
}
