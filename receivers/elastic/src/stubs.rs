//! What clients ask before and beside sending: who is there, and whether templates, policies and pipelines are in
//! place. They are told that all is well; nothing is kept.

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::{any, get};

use crate::answer::json;

/// The version that clients are told.
const ROOT: &str = concat!(
    r#"{"name":"gastrolog","cluster_name":"gastrolog","cluster_uuid":"Z2FzdHJvbG9nLXN0b3JlLTE","#,
    r#""version":{"number":"9.1.0","build_flavor":"default","build_type":"tar","build_hash":"0","#,
    r#""build_date":"2025-01-01T00:00:00.000Z","build_snapshot":false,"lucene_version":"10.2.2","#,
    r#""minimum_wire_compatibility_version":"8.19.0","minimum_index_compatibility_version":"8.0.0"},"#,
    r#""tagline":"You Know, for Search"}"#
);

const LICENSE: &str = concat!(
    r#"{"license":{"status":"active","uid":"00000000-0000-0000-0000-000000000000","type":"basic","#,
    r#""issue_date_in_millis":0,"start_date_in_millis":0}}"#
);

const HEALTH: &str = r#"{"cluster_name":"gastrolog","status":"green","timed_out":false,"number_of_nodes":1}"#;

const NODES: &str =
    r#"{"_nodes":{"total":0,"successful":0,"failed":0},"cluster_name":"gastrolog","nodes":{}}"#;

/// The stubs.
pub(crate) fn router() -> Router {
    let mut router = Router::new()
        .route("/", get(root))
        .route("/_license", get(|| fixed(LICENSE)))
        .route("/_cluster/health", get(|| fixed(HEALTH)))
        .route("/_nodes", get(|| fixed(NODES)))
        .route("/_nodes/{*rest}", get(|| fixed(NODES)))
        .route("/{index}", any(index));
    for kept in
        ["/_ilm/policy", "/_index_template", "/_component_template", "/_ingest/pipeline", "/_data_stream"]
    {
        router = router.route(kept, any(setting)).route(&format!("{kept}/{{*name}}"), any(setting));
    }
    router
}

/// Who is there.
pub(crate) async fn root() -> Response {
    fixed(ROOT).await
}

async fn fixed(body: &'static str) -> Response {
    json(StatusCode::OK, body)
}

async fn setting(method: Method) -> Response {
    match method {
        Method::GET | Method::HEAD => json(StatusCode::OK, "{}"),
        _ => json(StatusCode::OK, r#"{"acknowledged":true}"#),
    }
}

/// An index is there as soon as it is named.
async fn index(method: Method) -> Response {
    match method {
        Method::GET | Method::HEAD => json(StatusCode::OK, "{}"),
        Method::PUT => json(StatusCode::OK, r#"{"acknowledged":true,"shards_acknowledged":true}"#),
        _ => json(
            StatusCode::METHOD_NOT_ALLOWED,
            r#"{"error":"only records are taken, by _bulk","status":405}"#,
        ),
    }
}
