//! The services of the protobuf definition, over anything that is a [`Service`].
#![expect(
    refining_impl_trait_reachable,
    reason = "answers own what they hold, which the generated traits leave open"
)]

use std::sync::Arc;

use buffa::MessageField;
use connectrpc::{
    ConnectError, ConnectRpcService, DeadlinePolicy, Encodable, Limits, RequestContext, Response, Router,
    ServiceRequest, ServiceResult, ServiceStream,
};
use gastrolog_engine::{Cancel, Service};
use gastrolog_ingest::samples::Input;
use gastrolog_ingest::{Counters, Roster};
use gastrolog_types::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::gate::Gate;
use crate::query::{self, CancelOnDrop, blocking};
use crate::{
    ELEMENT_BYTES_MAX, MESSAGE_BYTES_MAX, append, compact, from_wire, proto, receivers, to_wire, usage,
};

/// Tells the time of day, for records that arrive without a time of arrival.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The API over a service.
pub struct Api {
    service: Arc<dyn Service>,
    now: Now,
    stop: CancellationToken,
    counters: Arc<Counters>,
    roster: Arc<Roster>,
    queries: Gate,
    followers: Gate,
}

impl Api {
    /// The API over `service`.
    pub fn new(service: Arc<dyn Service>, now: Now) -> Api {
        let (stop, counters, roster) = (CancellationToken::new(), Arc::default(), Arc::default());
        let (queries, followers) = (Gate::queries(), Gate::followers());
        Api { service, now, stop, counters, roster, queries, followers }
    }

    /// Tells of the receivers in `roster`, to which whoever serves the API adds [`Api::counters`].
    pub fn with_roster(mut self, roster: Arc<Roster>) -> Api {
        self.roster = roster;
        self
    }

    /// What came in by `Ingest.Append`.
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    /// Ends the streams that would not end by themselves when it is cancelled.
    pub(crate) fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// The routes of the API, to be served as they are or merged with others.
    pub fn into_router(self) -> axum::Router {
        let api = Arc::new(self);
        let mut router = Router::new();
        router = proto::QueryExt::register(api.clone(), router);
        router = proto::FollowExt::register(api.clone(), router);
        router = proto::IngestExt::register(api.clone(), router);
        router = proto::LifecycleExt::register(api, router);
        let limits = Limits::default()
            .with_max_request_body_size(MESSAGE_BYTES_MAX)
            .with_max_message_size(MESSAGE_BYTES_MAX)
            .with_element_memory_limit(ELEMENT_BYTES_MAX);
        let service = ConnectRpcService::new(router)
            .with_limits(limits)
            .with_deadline_policy(DeadlinePolicy::new().with_enforce_on_streams(true));
        axum::Router::new().fallback_service(service)
    }
}

impl proto::Query for Api {
    async fn query(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::QueryRequest>,
    ) -> ServiceResult<ServiceStream<impl Encodable<proto::QueryResponse> + Send + use<>>> {
        let request = query::request(request.to_owned_message())?;
        let run: query::Run = |service, request, cancel, out| service.query(request, cancel, out);
        let permit = self.queries.enter()?;
        Response::ok(query::stream(self.service.clone(), request, run, CancellationToken::new(), permit))
    }

    async fn fetch(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::QueryRequest>,
    ) -> ServiceResult<impl Encodable<proto::QueryResponse> + Send + use<>> {
        let request = query::request(request.to_owned_message())?;
        let permit = self.queries.enter()?;
        Response::ok(query::fetch(self.service.clone(), request, permit).await?)
    }

    async fn explain(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::ExplainRequest>,
    ) -> ServiceResult<impl Encodable<proto::ExplainResponse> + Send + use<>> {
        let asked = request.to_owned_message();
        let Some(wanted) = asked.query.into_option() else {
            return Err(ConnectError::invalid_argument("`query` is missing"));
        };
        let request = query::request(wanted)?;
        let (service, cancel) = (self.service.clone(), Cancel::default());
        let _guard = CancelOnDrop(cancel.clone());
        let permit = self.queries.enter()?;
        let plan = blocking(move || {
            let _permit = permit;
            service.explain(&request, asked.analyze, &cancel)
        })
        .await?;
        let plan = MessageField::some(to_wire::plan(plan));
        Response::ok(proto::ExplainResponse { plan, ..Default::default() })
    }

    async fn fields(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::FieldsRequest>,
    ) -> ServiceResult<impl Encodable<proto::FieldsResponse> + Send + use<>> {
        let wanted = request.to_owned_message().query.into_option().unwrap_or_default();
        let request = query::request(wanted)?;
        let (service, cancel) = (self.service.clone(), Cancel::default());
        let _guard = CancelOnDrop(cancel.clone());
        let permit = self.queries.enter()?;
        let list = blocking(move || {
            let _permit = permit;
            service.fields(&request, &cancel)
        })
        .await?;
        Response::ok(to_wire::fields(list))
    }

    async fn values(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::ValuesRequest>,
    ) -> ServiceResult<impl Encodable<proto::ValuesResponse> + Send + use<>> {
        let request = from_wire::values_request(request.to_owned_message());
        let service = self.service.clone();
        let permit = self.queries.enter()?;
        let list = blocking(move || {
            let _permit = permit;
            service.values(&request)
        })
        .await?;
        Response::ok(to_wire::values(list))
    }
}

impl proto::Follow for Api {
    async fn follow(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::QueryRequest>,
    ) -> ServiceResult<ServiceStream<impl Encodable<proto::QueryResponse> + Send + use<>>> {
        let request = query::request(request.to_owned_message())?;
        let run: query::Run = |service, request, cancel, out| service.follow(request, cancel, out);
        let permit = self.followers.enter()?;
        Response::ok(query::stream(self.service.clone(), request, run, self.stop.clone(), permit))
    }
}

impl proto::Ingest for Api {
    async fn append(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::AppendRequest>,
    ) -> ServiceResult<impl Encodable<proto::AppendResponse> + Send + use<>> {
        let mut request = request.to_owned_message();
        let store = std::mem::take(&mut request.store);
        let (service, counters) = (self.service.clone(), self.counters.clone());
        let batch = from_wire::batch(request, (self.now)()).map_err(|e| {
            counters.malformed("", &e, Input::default());
            counters.said(&e);
            ConnectError::invalid_argument(e)
        })?;
        let accepted = blocking(move || append::append(&service, &store, batch, &counters)).await?;
        Response::ok(proto::AppendResponse {
            first_seq: accepted.first_seq,
            count: accepted.count,
            ..Default::default()
        })
    }
}

impl proto::Lifecycle for Api {
    async fn stores(
        &self,
        _: RequestContext,
        _: ServiceRequest<'_, proto::StoresRequest>,
    ) -> ServiceResult<impl Encodable<proto::StoresResponse> + Send + use<>> {
        let service = self.service.clone();
        let stores = blocking(move || service.stores()).await?;
        let stores = stores.into_iter().map(to_wire::store).collect();
        Response::ok(proto::StoresResponse { stores, ..Default::default() })
    }

    async fn chunks(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::ChunksRequest>,
    ) -> ServiceResult<impl Encodable<proto::ChunksResponse> + Send + use<>> {
        let (service, store) = (self.service.clone(), request.store.to_owned());
        let chunks = blocking(move || service.chunks(&store)).await?;
        let chunks = chunks.into_iter().map(to_wire::chunk).collect();
        Response::ok(proto::ChunksResponse { chunks, ..Default::default() })
    }

    async fn inspect(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::InspectRequest>,
    ) -> ServiceResult<impl Encodable<proto::InspectResponse> + Send + use<>> {
        let (service, request) = (self.service.clone(), request.to_owned_message());
        let detail = blocking(move || service.inspect(&request.store, &request.chunk)).await?;
        Response::ok(to_wire::detail(detail))
    }

    async fn usage(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::UsageRequest>,
    ) -> ServiceResult<impl Encodable<proto::UsageResponse> + Send + use<>> {
        let (service, store) = (self.service.clone(), request.store.to_owned());
        let usage = blocking(move || service.usage(&store)).await?;
        Response::ok(usage::to_wire(usage))
    }

    async fn verify(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::VerifyRequest>,
    ) -> ServiceResult<ServiceStream<impl Encodable<proto::VerifyResponse> + Send + use<>>> {
        Response::ok(query::verify(self.service.clone(), request.store.to_owned(), self.queries.enter()?))
    }

    async fn compact(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::CompactRequest>,
    ) -> ServiceResult<ServiceStream<impl Encodable<proto::CompactResponse> + Send + use<>>> {
        Response::ok(compact::stream(self.service.clone(), request.store.to_owned(), self.queries.enter()?))
    }

    async fn receivers(
        &self,
        _: RequestContext,
        _: ServiceRequest<'_, proto::ReceiversRequest>,
    ) -> ServiceResult<impl Encodable<proto::ReceiversResponse> + Send + use<>> {
        let receivers = self.roster.status((self.now)()).into_iter().map(receivers::to_wire).collect();
        let routes = self.roster.routes().status().into_iter().map(receivers::route_to_wire).collect();
        Response::ok(proto::ReceiversResponse { receivers, routes, ..Default::default() })
    }

    async fn seal(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, proto::SealRequest>,
    ) -> ServiceResult<impl Encodable<proto::SealResponse> + Send + use<>> {
        let (service, store) = (self.service.clone(), request.store.to_owned());
        let chunks = blocking(move || service.seal(&store)).await?;
        Response::ok(proto::SealResponse { chunks, ..Default::default() })
    }
}
