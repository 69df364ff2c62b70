//! Runs queries on threads that may block and hands their answers to the async side.

use std::sync::Arc;

use buffa::MessageField;
use connectrpc::{ConnectError, ServiceStream};
use gastrolog_engine::{Answer, AnswerSink, Cancel, EngineError, QueryEnd, QueryRequest, Service};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::pipe::{Piece, pipe, size_of_piece};
use crate::{error, from_wire, proto, to_wire};

/// At most this many records or rows in the answer of `Fetch`.
const FETCH_ANSWERS_MAX: u64 = 10_000;

/// And about this many bytes.
const FETCH_BYTES_MAX: usize = 16 << 20;

/// Cancels a query when the call that wanted it is dropped.
pub(crate) struct CancelOnDrop(pub(crate) Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The query in `request`. The deadline of the call needs no word here: it drops the call, which cancels.
pub(crate) fn request(request: proto::QueryRequest) -> Result<QueryRequest, ConnectError> {
    from_wire::query(request).map_err(ConnectError::invalid_argument)
}

/// A call that streams an answer: [`Service::query`] or [`Service::follow`].
pub(crate) type Run =
    fn(&dyn Service, &QueryRequest, &Cancel, AnswerSink<'_>) -> Result<QueryEnd, EngineError>;

/// Starts `run` on a thread of its own and streams what it says. The stream ends early, with an error, when
/// `stop` is cancelled.
pub(crate) fn stream(
    service: Arc<dyn Service>,
    request: QueryRequest,
    run: Run,
    stop: CancellationToken,
    permit: OwnedSemaphorePermit,
) -> ServiceStream<proto::QueryResponse> {
    let cancel = Cancel::default();
    let (writer, reader) = pipe(cancel.clone());
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let end = run(&*service, &request, &cancel, &mut |piece| writer.push(piece));
        writer.finish(end);
    });
    let state = Some((reader, stop));
    Box::pin(futures::stream::unfold(state, |state| async move {
        let (mut reader, stop) = state?;
        let item = tokio::select! {
            piece = reader.next() => message(piece),
            () = stop.cancelled() => Err(ConnectError::unavailable("the server is stopping")),
        };
        let more = item.as_ref().is_ok_and(|m| m.end.is_unset());
        Some((item, more.then_some((reader, stop))))
    }))
}

fn message(piece: Piece) -> Result<proto::QueryResponse, ConnectError> {
    match piece {
        Piece::Answers(pieces) => Ok(to_wire::answers(pieces)),
        Piece::End(Ok(end)) => Ok(last_message(proto::QueryResponse::default(), end, false)),
        Piece::End(Err(e)) => Err(error::to_wire(e)),
    }
}

fn last_message(mut m: proto::QueryResponse, end: QueryEnd, truncated: bool) -> proto::QueryResponse {
    m.end = MessageField::some(to_wire::query_end(end, truncated));
    m
}

/// Runs a query to its end and returns its answer as one message.
pub(crate) async fn fetch(
    service: Arc<dyn Service>,
    request: QueryRequest,
    permit: OwnedSemaphorePermit,
) -> Result<proto::QueryResponse, ConnectError> {
    let cancel = Cancel::default();
    let _guard = CancelOnDrop(cancel.clone());
    // The engine cuts by itself: then it says where to go on.
    let wanted = request.limit.unwrap_or(u64::MAX);
    let limit = Some(wanted.min(FETCH_ANSWERS_MAX));
    let request = QueryRequest { limit, ..request };
    blocking(move || {
        let _permit = permit;
        let (mut pieces, mut bytes, mut truncated) = (Vec::new(), 0, false);
        let end = service.query(&request, &cancel, &mut |piece| {
            bytes += size_of_piece(&piece);
            let is_header = matches!(piece, Answer::Columns(_));
            truncated = !is_header && bytes > FETCH_BYTES_MAX;
            if !truncated {
                pieces.push(piece);
            }
            !truncated
        })?;
        truncated |= end.more && wanted > FETCH_ANSWERS_MAX;
        Ok(last_message(to_wire::answers(pieces), end, truncated))
    })
    .await
}

/// Runs `f` where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, ConnectError> {
    match tokio::task::spawn_blocking(f).await {
        Ok(done) => done.map_err(error::to_wire),
        Err(_) => Err(ConnectError::internal("the call ended without an answer")),
    }
}

/// Streams the progress of `verify`, then its report. Progress that nobody fetched in time is skipped.
pub(crate) fn verify(
    service: Arc<dyn Service>,
    store: String,
    permit: OwnedSemaphorePermit,
) -> ServiceStream<proto::VerifyResponse> {
    use proto::__buffa::oneof::verify_response::Step;
    let (send, receive) = tokio::sync::mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let report = service.verify(&store, &mut |done_bytes, total_bytes| {
            let progress = proto::VerifyProgress { done_bytes, total_bytes, ..Default::default() };
            // A full channel means that the reader is behind; the next figures replace these.
            let _ = send.try_send(Ok(Step::Progress(Box::new(progress))));
        });
        let last = report.map(|r| Step::Report(Box::new(to_wire::report(r)))).map_err(error::to_wire);
        // A reader that has left needs no report.
        let _ = send.blocking_send(last);
    });
    Box::pin(futures::stream::unfold(receive, |mut receive| async move {
        let step = receive.recv().await?;
        let item = step.map(|s| proto::VerifyResponse { step: Some(s), ..Default::default() });
        Some((item, receive))
    }))
}
