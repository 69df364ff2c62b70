//! The client: answers to [`Service`] by asking a server, so that its user need not care whether a store is opened
//! in process or reached through a server.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use connectrpc::client::{
    ClientConfig, ClientTransport, Http2Connection, Http2ConnectionBuilder, ServerStream,
    SharedHttp2Connection,
};
use connectrpc::{CompressionRegistry, ConnectError, Protocol, StreamMessage};
use gastrolog_engine::{
    Answer, AnswerSink, Cancel, ChunkDetail, ChunkInfo, CompactReport, EngineError, ExplainNode, FieldList,
    QueryEnd, QueryRequest, Service, StoreInfo, StoreUsage, ValueList, ValuesRequest, VerifyReport,
};
use gastrolog_ingest::{Accepted, ReceiverStatus, RouteStatus};
use gastrolog_types::Batch;
use tokio::runtime::Runtime;

use crate::{
    ELEMENT_BYTES_MAX, MESSAGE_BYTES_MAX, compact, error, from_wire, proto, receivers, to_wire, usage,
};

/// How often a call looks whether it was cancelled.
const CANCEL_POLL: Duration = Duration::from_millis(20);

/// What may be under way to the client; keeps a fast query from waiting for window updates.
const WINDOW_BYTES: u32 = 4 << 20;

/// Calls in the queue of a connection.
const CALLS_MAX: usize = 64;

type Transport = SharedHttp2Connection;
type Answers = ServerStream<<Transport as ClientTransport>::ResponseBody, proto::QueryResponseView<'static>>;

/// A server, reached over gRPC. All calls block; not to be used inside of an async runtime.
pub struct Client {
    runtime: Runtime,
    query: proto::QueryClient<Transport>,
    follow: proto::FollowClient<Transport>,
    ingest: proto::IngestClient<Transport>,
    lifecycle: proto::LifecycleClient<Transport>,
}

impl Client {
    /// Connects to the Unix socket at `path`. Fails with [`EngineError::Unavailable`] when nobody answers there.
    pub fn connect(path: &Path) -> Result<Client, EngineError> {
        let at = path.display().to_string();
        Client::with(&at, connection().connect_unix(path, authority("localhost")?))
    }

    /// Connects to a TCP address.
    pub fn connect_tcp(address: SocketAddr) -> Result<Client, EngineError> {
        let uri = authority(&address.to_string())?;
        Client::with(&address.to_string(), connection().connect_plaintext(uri))
    }

    fn with(
        at: &str,
        connecting: impl Future<Output = Result<Http2Connection, ConnectError>>,
    ) -> Result<Client, EngineError> {
        let failed = |e: &dyn std::fmt::Display| EngineError::Unavailable(format!("no server at {at}: {e}"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|e| failed(&e))?;
        let transport = runtime
            .block_on(async { Ok::<_, ConnectError>(connecting.await?.shared(CALLS_MAX)) })
            .map_err(|e| failed(&e))?;
        let config = ClientConfig::new(authority("localhost")?)
            .with_protocol(Protocol::Grpc)
            // The server is on this machine: compression would only cost.
            .with_compression(CompressionRegistry::new())
            .with_default_max_message_size(MESSAGE_BYTES_MAX)
            .with_default_element_memory_limit(ELEMENT_BYTES_MAX);
        Ok(Client {
            runtime,
            query: proto::QueryClient::new(transport.clone(), config.clone()),
            follow: proto::FollowClient::new(transport.clone(), config.clone()),
            ingest: proto::IngestClient::new(transport.clone(), config.clone()),
            lifecycle: proto::LifecycleClient::new(transport, config),
        })
    }

    /// Waits for `call`, giving up when `cancel` says so. Dropping the call tells the server.
    fn wait<T>(
        &self,
        cancel: &Cancel,
        call: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, EngineError> {
        self.runtime.block_on(cancellable(cancel, call))
    }

    fn answers(
        &self,
        cancel: &Cancel,
        call: impl Future<Output = Result<Answers, ConnectError>>,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError> {
        self.runtime.block_on(async {
            let mut stream = cancellable(cancel, call).await?;
            let mut records = from_wire::Records::default();
            let mut end = QueryEnd::default();
            while let Some(message) = cancellable(cancel, stream.message()).await? {
                if !hand_out(&message, &mut records, &mut end, out) {
                    break;
                }
            }
            Ok(end)
        })
    }
}

/// `false`: the reader has left.
fn hand_out(
    message: &StreamMessage<proto::QueryResponse>,
    records: &mut from_wire::Records,
    end: &mut QueryEnd,
    out: AnswerSink<'_>,
) -> bool {
    let message = message.view();
    if let Some(e) = message.end.as_option() {
        *end = from_wire::query_end(e);
    }
    if !message.notices.iter().all(|line| out(Answer::Notice((*line).to_owned()))) {
        return false;
    }
    if let Some(columns) = message.columns.as_option() {
        let names = columns.names.iter().map(|n| (*n).to_owned()).collect();
        if !out(Answer::Columns(names)) {
            return false;
        }
    }
    message.rows.iter().all(|row| out(Answer::Row(row.values.iter().map(from_wire::value).collect())))
        && message.records.iter().all(|r| out(Answer::Record(records.make(r))))
}

async fn cancellable<T>(
    cancel: &Cancel,
    call: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, EngineError> {
    let mut call = std::pin::pin!(call);
    loop {
        tokio::select! {
            biased;
            done = &mut call => return done.map_err(error::from_wire),
            () = tokio::time::sleep(CANCEL_POLL) => {
                if cancel.is_cancelled() {
                    return Err(EngineError::Cancelled("cancelled".to_owned()));
                }
            }
        }
    }
}

fn authority(host: &str) -> Result<axum::http::Uri, EngineError> {
    let bad = |e| EngineError::Refused(format!("`{host}` is not an address: {e}"));
    format!("http://{host}").parse().map_err(bad)
}

/// The connection's settings, in one place.
fn connection() -> Http2ConnectionBuilder {
    Http2Connection::builder()
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
}

impl Service for Client {
    fn append(&self, store: &str, batch: Batch) -> Result<Accepted, EngineError> {
        let request = to_wire::batch(store, batch);
        let done = self.wait(&Cancel::default(), self.ingest.append(request))?.into_owned();
        Ok(Accepted::stored(done.first_seq, done.count))
    }

    fn query(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError> {
        self.answers(cancel, self.query.query(to_wire::query(request)), out)
    }

    fn explain(
        &self,
        request: &QueryRequest,
        analyze: bool,
        cancel: &Cancel,
    ) -> Result<ExplainNode, EngineError> {
        let query = buffa::MessageField::some(to_wire::query(request));
        let request = proto::ExplainRequest { query, analyze, ..Default::default() };
        let done = self.wait(cancel, self.query.explain(request))?.into_owned();
        Ok(done.plan.into_option().map(from_wire::plan).unwrap_or_default())
    }

    fn fields(&self, request: &QueryRequest, cancel: &Cancel) -> Result<FieldList, EngineError> {
        let query = buffa::MessageField::some(to_wire::query(request));
        let request = proto::FieldsRequest { query, ..Default::default() };
        Ok(from_wire::fields(self.wait(cancel, self.query.fields(request))?.into_owned()))
    }

    fn values(&self, request: &ValuesRequest) -> Result<ValueList, EngineError> {
        let call = self.query.values(to_wire::values_request(request));
        Ok(from_wire::values(self.wait(&Cancel::default(), call)?.into_owned()))
    }

    fn follow(
        &self,
        request: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError> {
        self.answers(cancel, self.follow.follow(to_wire::query(request)), out)
    }

    fn stores(&self) -> Result<Vec<StoreInfo>, EngineError> {
        let call = self.lifecycle.stores(proto::StoresRequest::default());
        let done = self.wait(&Cancel::default(), call)?.into_owned();
        Ok(done.stores.into_iter().map(from_wire::store).collect())
    }

    fn chunks(&self, store: &str) -> Result<Vec<ChunkInfo>, EngineError> {
        let request = proto::ChunksRequest { store: store.to_owned(), ..Default::default() };
        let done = self.wait(&Cancel::default(), self.lifecycle.chunks(request))?.into_owned();
        Ok(done.chunks.into_iter().map(from_wire::chunk).collect())
    }

    fn inspect(&self, store: &str, chunk: &str) -> Result<ChunkDetail, EngineError> {
        let request =
            proto::InspectRequest { store: store.to_owned(), chunk: chunk.to_owned(), ..Default::default() };
        let done = self.wait(&Cancel::default(), self.lifecycle.inspect(request))?.into_owned();
        Ok(from_wire::detail(done))
    }

    fn usage(&self, store: &str) -> Result<StoreUsage, EngineError> {
        let request = proto::UsageRequest { store: store.to_owned(), ..Default::default() };
        let done = self.wait(&Cancel::default(), self.lifecycle.usage(request))?.into_owned();
        Ok(usage::from_wire(done))
    }

    fn verify(&self, store: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport, EngineError> {
        use proto::__buffa::oneof::verify_response::Step;
        let request = proto::VerifyRequest { store: store.to_owned(), ..Default::default() };
        self.runtime.block_on(async {
            let mut stream = self.lifecycle.verify(request).await.map_err(error::from_wire)?;
            while let Some(message) = stream.message().await.map_err(error::from_wire)? {
                match message.to_owned_message().step {
                    Some(Step::Progress(p)) => progress(p.done_bytes, p.total_bytes),
                    Some(Step::Report(r)) => return Ok(from_wire::report(*r)),
                    None => {}
                }
            }
            Err(EngineError::Unavailable("the server ended the check without a report".to_owned()))
        })
    }

    fn receivers(&self) -> Result<Vec<ReceiverStatus>, EngineError> {
        let call = self.lifecycle.receivers(proto::ReceiversRequest::default());
        let done = self.wait(&Cancel::default(), call)?.into_owned();
        Ok(done.receivers.into_iter().map(receivers::from_wire).collect())
    }

    fn routes(&self) -> Result<Vec<RouteStatus>, EngineError> {
        let call = self.lifecycle.receivers(proto::ReceiversRequest::default());
        let done = self.wait(&Cancel::default(), call)?.into_owned();
        Ok(done.routes.into_iter().map(receivers::route_from_wire).collect())
    }

    fn seal(&self, store: &str) -> Result<Vec<String>, EngineError> {
        let request = proto::SealRequest { store: store.to_owned(), ..Default::default() };
        Ok(self.wait(&Cancel::default(), self.lifecycle.seal(request))?.into_owned().chunks)
    }

    fn compact(
        &self,
        store: &str,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<CompactReport, EngineError> {
        use proto::__buffa::oneof::compact_response::Step;
        let request = proto::CompactRequest { store: store.to_owned(), ..Default::default() };
        self.runtime.block_on(async {
            let mut stream = self.lifecycle.compact(request).await.map_err(error::from_wire)?;
            while let Some(message) = stream.message().await.map_err(error::from_wire)? {
                match message.to_owned_message().step {
                    Some(Step::Progress(p)) if !progress(p.done_bytes, p.total_bytes) => {
                        return Err(EngineError::Cancelled("stopped; what was done stays done".to_owned()));
                    }
                    Some(Step::Report(r)) => return Ok(compact::from_wire(*r)),
                    Some(Step::Progress(_)) | None => {}
                }
            }
            Err(EngineError::Unavailable("the server ended the work without a report".to_owned()))
        })
    }
}
