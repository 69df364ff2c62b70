//! Store and attributes of a request: from its path, its query and its headers.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, request::Parts};
use gastrolog_types::Attributes;

use crate::answer::Problem;

/// Attributes that a sender may set.
const ATTRIBUTES_MAX: usize = 32;
/// Bytes of one name or value.
const ATTRIBUTE_BYTES_MAX: usize = 1024;
/// Query parameters and headers that set an attribute begin with these.
const QUERY_PREFIX: &str = "attr.";
const HEADER_PREFIX: &str = "x-gastrolog-attr-";

/// Where the records of a request go, and what they share.
pub(crate) struct Target {
    pub(crate) store: Option<String>,
    pub(crate) attributes: Attributes,
}

/// `receiver` and `peer` come first and cannot be overridden, a query parameter wins over a header. Parameters that
/// mean nothing are refused, so that a misspelt one does not pass unseen.
pub(crate) fn target(receiver: &str, parts: &Parts, query: Vec<(String, String)>) -> Result<Target, Problem> {
    let mut store = None;
    let mut pairs: Vec<(String, Vec<u8>)> = vec![("receiver".into(), receiver.into())];
    if let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
        pairs.push(("peer".into(), peer.ip().to_canonical().to_string().into()));
    }
    let own = pairs.len();
    for (name, value) in query {
        match name.strip_prefix(QUERY_PREFIX) {
            Some(name) => pairs.push((name.to_owned(), value.into_bytes())),
            None if name == "store" => store = Some(value),
            None => {
                let text = format!("parameter {name:?} is not understood; there are store= and attr.NAME=");
                return Err(Problem::BadRequest(text));
            }
        }
    }
    pairs.extend(from_headers(&parts.headers));
    check(pairs.get(own..).unwrap_or(&[]))?;
    Ok(Target { store, attributes: Attributes::new(pairs) })
}

/// `X-Gastrolog-Attr-Data-Center` sets `data_center`.
fn from_headers(headers: &HeaderMap) -> impl Iterator<Item = (String, Vec<u8>)> {
    headers.iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix(HEADER_PREFIX)?;
        Some((name.replace('-', "_"), value.as_bytes().to_vec()))
    })
}

fn check(pairs: &[(String, Vec<u8>)]) -> Result<(), Problem> {
    if pairs.len() > ATTRIBUTES_MAX {
        return Err(Problem::BadRequest(format!("more than {ATTRIBUTES_MAX} attributes")));
    }
    for (name, value) in pairs {
        if name.is_empty() {
            return Err(Problem::BadRequest("an attribute without a name".into()));
        }
        if name.len().max(value.len()) > ATTRIBUTE_BYTES_MAX {
            return Err(Problem::BadRequest(format!(
                "an attribute of more than {ATTRIBUTE_BYTES_MAX} bytes"
            )));
        }
    }
    Ok(())
}
