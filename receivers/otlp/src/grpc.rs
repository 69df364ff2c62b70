//! The gRPC method `LogsService/Export`: one message in, one out.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use gastrolog_net::inflate::{Codec, UnknownCodec};
use gastrolog_net::json::base64_into;
use gastrolog_net::web::{Problem, media_type};
use http_body_util::{BodyExt, Full};

use crate::answer;
use crate::ingest::{Form, OtlpIngest};

/// Compressions that senders may choose from.
const ACCEPTED: &str = "identity,gzip,zstd,deflate";
/// Before a message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// Stores the log records of the one message.
pub(crate) async fn export(State(ingest): State<OtlpIngest>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !media_type(&parts.headers).starts_with("application/grpc") {
        return Problem::Encoding(UnknownCodec(media_type(&parts.headers))).answer("text/plain", "not gRPC");
    }
    let take = ingest.taker(&parts, Form::Protobuf);
    let codec = codec(&parts.headers);
    let web = ingest.web().clone();
    let stored = ingest
        .web()
        .store_inflated(&parts, body, None, move |bytes| {
            let (compressed, message) = message(&bytes)?;
            match codec? {
                Some(codec) if compressed => take(&web.inflate(codec, message)?),
                None if compressed => Err(Problem::Bad("a compressed message without grpc-encoding".into())),
                _ => take(message),
            }
        })
        .await;
    match stored {
        Ok(_) => success(),
        Err(problem) => failure(&problem),
    }
}

fn codec(headers: &HeaderMap) -> Result<Option<Codec>, Problem> {
    let Some(name) = headers.get("grpc-encoding") else { return Ok(None) };
    let name = name.to_str().map_err(|_| UnknownCodec("not text".into()))?;
    Ok(Codec::of_http(name)?)
}

/// Whether it is compressed, and the message, which must be the only one.
fn message(body: &[u8]) -> Result<(bool, &[u8]), Problem> {
    let ([flag, a, b, c, d], message) =
        body.split_first_chunk::<PREFIX_BYTES>().ok_or_else(|| Problem::Bad("no message".into()))?;
    let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    if length != message.len() || *flag > 1 {
        return Err(Problem::Bad(format!("a message of {length} bytes in {}", message.len())));
    }
    Ok((*flag == 1, message))
}

/// An empty `ExportLogsServiceResponse`: `partial_success` is not set.
fn success() -> Response {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Full::from(&[0u8; PREFIX_BYTES][..]).with_trailers(async { Some(Ok(trailers)) });
    response(Body::new(body))
}

/// Nothing but headers, as gRPC has it where there is no message.
fn failure(problem: &Problem) -> Response {
    let mut response = response(Body::empty());
    let headers = response.headers_mut();
    headers.insert("grpc-status", HeaderValue::from(answer::code(problem)));
    let mut details = Vec::new();
    base64_into(&answer::status(problem), &mut details);
    for (name, text) in
        [("grpc-message", percent(&problem.to_string())), ("grpc-status-details-bin", details)]
    {
        if let Ok(value) = HeaderValue::from_bytes(&text) {
            headers.insert(name, value);
        }
    }
    response
}

fn response(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-accept-encoding", HeaderValue::from_static(ACCEPTED));
    response
}

/// What is not printable ASCII is written as `%XX`.
fn percent(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' | 0..=0x1f | 0x7f.. => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out
}
