//! `POST /v1/logs`.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use gastrolog_net::json::JsonLine;
use gastrolog_net::web::{Problem, media_type};

use crate::answer;
use crate::ingest::{Form, OtlpIngest};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// The answer is of the type of the request.
pub(crate) async fn export(State(ingest): State<OtlpIngest>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let form = match media_type(&parts.headers).as_str() {
        JSON => Form::Json,
        _ => Form::Protobuf,
    };
    let take = ingest.taker(&parts, form);
    let stored = ingest.web().store(&parts, body, move |bytes| take(&bytes)).await;
    match stored {
        // `partial_success` is not set: all of it is stored.
        Ok(_) => match form {
            Form::Protobuf => ([(header::CONTENT_TYPE, PROTOBUF)], "").into_response(),
            Form::Json => ([(header::CONTENT_TYPE, JSON)], "{}").into_response(),
        },
        Err(problem) => refuse(form, &problem),
    }
}

fn refuse(form: Form, problem: &Problem) -> Response {
    match form {
        Form::Protobuf => problem.answer(PROTOBUF, answer::status(problem)),
        Form::Json => {
            let mut line = JsonLine::default();
            line.begin_object();
            line.key(b"code");
            line.uint(answer::code(problem).into());
            line.key(b"message");
            line.string(problem.to_string().as_bytes());
            line.end_object();
            problem.answer(JSON, line.into_bytes())
        }
    }
}
