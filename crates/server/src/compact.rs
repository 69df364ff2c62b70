//! `Lifecycle.Compact`: the job on a thread that may block, its progress and report as a stream, and back.

use std::sync::Arc;

use connectrpc::{ConnectError, ServiceStream};
use gastrolog_engine::{CompactReport, Service};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::error::TrySendError;

use crate::proto::__buffa::oneof::compact_response::Step;
use crate::{error, proto};

/// Streams the progress of the job, then its report. Progress that nobody fetched in time is skipped; when the reader
/// leaves, the job ends.
pub(crate) fn stream(
    service: Arc<dyn Service>,
    store: String,
    permit: OwnedSemaphorePermit,
) -> ServiceStream<proto::CompactResponse> {
    let (send, receive) = tokio::sync::mpsc::channel::<Result<Step, ConnectError>>(1);
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let report = service.compact(&store, &mut |done_bytes, total_bytes| {
            let progress = proto::CompactProgress { done_bytes, total_bytes, ..Default::default() };
            // A full channel means that the reader is behind; the next figures replace these.
            let sent = send.try_send(Ok(Step::Progress(Box::new(progress))));
            !matches!(sent, Err(TrySendError::Closed(_)))
        });
        let last = report.map(|r| Step::Report(Box::new(to_wire(r)))).map_err(error::to_wire);
        // A reader that has left needs no report.
        let _ = send.blocking_send(last);
    });
    Box::pin(futures::stream::unfold(receive, |mut receive| async move {
        let step = receive.recv().await?;
        let item = step.map(|s| proto::CompactResponse { step: Some(s), ..Default::default() });
        Some((item, receive))
    }))
}

fn to_wire(r: CompactReport) -> proto::CompactReport {
    proto::CompactReport {
        chunks_before: r.chunks_before,
        chunks_after: r.chunks_after,
        records: r.records,
        raw_bytes: r.raw_bytes,
        bytes_before: r.bytes_before,
        bytes_after: r.bytes_after,
        left: r.left,
        ..Default::default()
    }
}

/// The report that a message carries.
pub(crate) fn from_wire(r: proto::CompactReport) -> CompactReport {
    CompactReport {
        chunks_before: r.chunks_before,
        chunks_after: r.chunks_after,
        records: r.records,
        raw_bytes: r.raw_bytes,
        bytes_before: r.bytes_before,
        bytes_after: r.bytes_after,
        left: r.left,
    }
}
