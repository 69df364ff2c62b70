//! Follows the log of one container until it has ended.

use std::io;

use gastrolog_ingest::Backoff;
use gastrolog_types::Batch;
use tokio::sync::mpsc::Sender;

use super::attributes::Sets;
use super::marks::Mark;
use super::records::Records;
use super::session::{Shared, pause};
use super::storer::Taken;

/// Why a log is not read any more for now.
enum End {
    /// The container has stopped; a start of it begins another task.
    Stopped,
    /// It is there no more.
    Gone,
    /// It was started again at once.
    Again,
    /// The engine does not give it (the container's log driver keeps none): asked for again with the next list.
    Refused(io::Error),
    /// It is time to stop.
    Shutdown,
    /// The connection ended: the container may still run.
    Broken(io::Error),
}

/// Reads from `mark` on, and again after faults. Gives where it has stopped.
pub(crate) async fn follow(shared: Shared, queue: Sender<Taken>, mut mark: Mark) -> Mark {
    let mut backoff = Backoff::default();
    loop {
        let before = (mark.stdout, mark.stderr);
        let end = tokio::select! {
            end = read(&shared, &queue, &mut mark) => end,
            () = shared.shutdown.wait() => End::Shutdown,
        };
        match end {
            End::Stopped | End::Gone | End::Shutdown => return mark,
            End::Again => {}
            End::Refused(e) => {
                shared.fault(format_args!("the log of container {}: {e}", mark.id));
                return mark;
            }
            End::Broken(e) => shared.fault(format_args!("the log of container {}: {e}", mark.id)),
        }
        if (mark.stdout, mark.stderr) != before {
            backoff = Backoff::default();
        }
        if pause(&shared.shutdown, backoff.step()).await {
            return mark;
        }
    }
}

impl From<io::Error> for End {
    fn from(e: io::Error) -> End {
        match e.kind() {
            io::ErrorKind::NotFound => End::Gone,
            io::ErrorKind::InvalidInput => End::Refused(e),
            _ => End::Broken(e),
        }
    }
}

async fn read(shared: &Shared, queue: &Sender<Taken>, mark: &mut Mark) -> End {
    let container = match shared.api.inspect(&mark.id).await {
        Ok(Some(container)) => container,
        Ok(None) => return End::Gone,
        Err(e) => return e.into(),
    };
    let sets = Sets::new(&shared.config.name, &mark.id, container.attributes());
    let mut records = Records::new(
        mark.clone(),
        container.has_terminal(),
        sets,
        shared.config.line_bytes_max,
        &shared.held,
    );
    let mut answer = match shared.api.logs(&mark.id, mark.since((shared.clock)())).await {
        Ok(answer) => answer,
        Err(e) => return e.into(),
    };
    loop {
        let chunk = answer.chunk().await;
        let mut batch = Batch::default();
        let now = (shared.clock)();
        let end = match chunk {
            Ok(Some(bytes)) => match records.take(&bytes, now, &shared.counters, &mut batch) {
                Ok(()) => None,
                Err(why) => Some(End::Broken(io::Error::other(why))),
            },
            Ok(None) => Some(ended(shared, mark, &mut records, &mut batch).await),
            Err(e) => Some(End::Broken(e)),
        };
        let now = records.mark(now);
        *mark = now.clone();
        if !batch.is_empty() && queue.send(Taken { batch, mark: now }).await.is_err() {
            return End::Shutdown;
        }
        if let Some(end) = end {
            return end;
        }
    }
}

/// The log has ended: because the container has, or because the engine has.
async fn ended(shared: &Shared, mark: &Mark, records: &mut Records, batch: &mut Batch) -> End {
    let end = match shared.api.inspect(&mark.id).await {
        Ok(Some(container)) if container.is_running() => return End::Again,
        Ok(Some(_)) => End::Stopped,
        Ok(None) => End::Gone,
        Err(e) => return End::Broken(e),
    };
    records.end((shared.clock)(), &shared.counters, batch);
    end
}
