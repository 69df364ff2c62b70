//! What a sender is told.

use std::ops::Range;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use gastrolog_net::body::BodyError;
use gastrolog_net::inflate::{InflateError, UnknownCodec};
use serde::Serialize;

/// Seconds after which a sender should try again.
const RETRY_AFTER_S: &str = "1";
/// Refused lines that are named; the rest is only counted.
const REFUSALS_NAMED_MAX: usize = 1000;

/// A line that was not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Refusal {
    /// Its number in the body, from 1 (of an array: the element's number).
    pub(crate) line: usize,
    pub(crate) reason: String,
}

/// Refused lines, in order.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    named: Vec<Refusal>,
    /// Where each of them is in the body.
    ranges: Vec<Range<usize>>,
    pub(crate) count: usize,
}

impl Refusals {
    pub(crate) fn add(&mut self, line: usize, range: Range<usize>, reason: impl FnOnce() -> String) {
        self.count += 1;
        if self.named.len() < REFUSALS_NAMED_MAX {
            self.named.push(Refusal { line, reason: reason() });
            self.ranges.push(range);
        }
    }

    /// Those that are named: why, and where they are in the body.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.named.iter().map(|refusal| refusal.reason.as_str()).zip(self.ranges.iter().cloned())
    }
}

/// The body of an answer with 200.
#[derive(Debug, Serialize)]
pub(crate) struct Stored {
    stored: u64,
    first_seq: Option<u64>,
    refused: Vec<Refusal>,
    /// How many were refused; only there when not all of them are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_total: Option<usize>,
}

impl Stored {
    pub(crate) fn new(stored: u64, first_seq: Option<u64>, refusals: Refusals) -> Stored {
        let Refusals { named, count, .. } = refusals;
        Stored { stored, first_seq, refused_total: (count > named.len()).then_some(count), refused: named }
    }
}

impl IntoResponse for Stored {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self)
    }
}

/// Why nothing was stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{0}")]
    BadRequest(String),
    #[error("there is no store {0:?}")]
    NoStore(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("the content encoding {0:?} is not understood; send gzip, zstd, deflate or none")]
    Encoding(String),
    #[error("the body did not arrive: {0}")]
    Silent(String),
    #[error("too many requests at once; try again")]
    Busy,
    #[error("{0}")]
    Unavailable(String),
    #[error("{0}")]
    Internal(String),
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Problem::BadRequest(_) => StatusCode::BAD_REQUEST,
            Problem::NoStore(_) => StatusCode::NOT_FOUND,
            Problem::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Problem::Silent(_) => StatusCode::REQUEST_TIMEOUT,
            Problem::Busy => StatusCode::TOO_MANY_REQUESTS,
            Problem::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Problem::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether it is the sender who did not follow the protocol.
    pub(crate) fn is_of_the_sender(&self) -> bool {
        self.status().is_client_error() && *self != Problem::Busy
    }
}

impl From<BodyError> for Problem {
    fn from(e: BodyError) -> Problem {
        match e {
            BodyError::TooLarge(_) => Problem::TooLarge(e.to_string()),
            BodyError::Silent(why) => Problem::Silent(why),
            BodyError::Busy(_) => Problem::Busy,
        }
    }
}

impl From<UnknownCodec> for Problem {
    fn from(UnknownCodec(name): UnknownCodec) -> Problem {
        Problem::Encoding(name)
    }
}

impl From<InflateError> for Problem {
    fn from(e: InflateError) -> Problem {
        match e {
            InflateError::TooLarge(why) => Problem::TooLarge(format!("the body {why}")),
            InflateError::Broken(_) => Problem::BadRequest(format!("the body {e}")),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Error {
            error: String,
        }
        let mut response = json(self.status(), &Error { error: self.to_string() });
        if matches!(self, Problem::Busy | Problem::Unavailable(_)) {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, axum::http::HeaderValue::from_static(RETRY_AFTER_S));
        }
        response
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Plain structs of numbers and texts always serialise.
    let body = serde_json::to_vec(value).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
