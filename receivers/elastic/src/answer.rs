//! Answers in the words of Elasticsearch.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use gastrolog_net::json::JsonLine;
use gastrolog_net::web::Problem;

use crate::bulk::Action;

const JSON: &str = "application/json";

/// JSON, and the header without which clients refuse an answer.
pub(crate) fn json(status: StatusCode, body: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    sign(response)
}

fn sign(mut response: Response) -> Response {
    response.headers_mut().insert("x-elastic-product", HeaderValue::from_static("Elasticsearch"));
    response
}

/// The answer to a request that was stored: `errors` before `items`, as some look at the first bytes only.
pub(crate) fn items(actions: &[Action], first_seq: u64) -> Vec<u8> {
    let mut line = JsonLine::default();
    line.begin_object();
    line.key(b"took");
    line.uint(0);
    line.key(b"errors");
    line.bool(actions.iter().any(|action| !action.verb.adds()));
    line.key(b"items");
    line.begin_array();
    let mut seq = first_seq;
    for action in actions {
        line.begin_object();
        line.key(action.verb.name().as_bytes());
        if action.verb.adds() {
            stored(&mut line, action, seq);
            seq += 1;
        } else {
            refused(&mut line, action);
        }
        line.end_object();
    }
    line.end_array();
    line.end_object();
    line.into_bytes()
}

fn stored(line: &mut JsonLine, action: &Action, seq: u64) {
    line.begin_object();
    line.key(b"_index");
    line.string(action.index.as_bytes());
    line.key(b"_id");
    match &action.id {
        Some(id) => line.string(id.as_bytes()),
        None => line.string(format!("{seq:020}").as_bytes()),
    }
    line.key(b"_version");
    line.uint(1);
    line.key(b"result");
    line.string(b"created");
    line.key(b"_shards");
    line.raw(br#"{"total":1,"successful":1,"failed":0}"#);
    line.key(b"_seq_no");
    line.uint(seq);
    line.key(b"_primary_term");
    line.uint(1);
    line.key(b"status");
    line.uint(201);
    line.end_object();
}

/// Records are not changed and not deleted: 400, which clients do not send again.
fn refused(line: &mut JsonLine, action: &Action) {
    line.begin_object();
    line.key(b"_index");
    line.string(action.index.as_bytes());
    line.key(b"_id");
    line.string(action.id.as_deref().unwrap_or_default().as_bytes());
    line.key(b"status");
    line.uint(400);
    line.key(b"error");
    line.raw(
        br#"{"type":"illegal_argument_exception","reason":"records are only added: send index or create"}"#,
    );
    line.end_object();
}

/// The answer when nothing was stored.
pub(crate) fn refuse(problem: &Problem) -> Response {
    let status = match problem {
        // Whatever passes is 429: clients try the whole request again.
        Problem::Busy | Problem::Unavailable(_) => StatusCode::TOO_MANY_REQUESTS,
        other => other.status(),
    };
    let kind = match status {
        StatusCode::TOO_MANY_REQUESTS => "es_rejected_execution_exception",
        StatusCode::PAYLOAD_TOO_LARGE => "content_too_long_exception",
        _ => "illegal_argument_exception",
    };
    let reason = problem.to_string();
    let mut line = JsonLine::default();
    line.begin_object();
    line.key(b"error");
    line.begin_object();
    line.key(b"root_cause");
    line.begin_array();
    line.begin_object();
    cause(&mut line, kind, &reason);
    line.end_object();
    line.end_array();
    cause(&mut line, kind, &reason);
    line.end_object();
    line.key(b"status");
    line.uint(status.as_u16().into());
    line.end_object();
    let mut response = sign(problem.answer(JSON, line.into_bytes()));
    *response.status_mut() = status;
    response
}

fn cause(line: &mut JsonLine, kind: &str, reason: &str) {
    line.key(b"type");
    line.string(kind.as_bytes());
    line.key(b"reason");
    line.string(reason.as_bytes());
}
