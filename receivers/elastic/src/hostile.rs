//! What fuzzing feeds: the way of a bulk request from its bytes to records and to the answer, without the wire.

use gastrolog_types::{Batch, Timestamp};

use crate::answer;
use crate::bulk::Reader;

/// A small limit, so that small inputs reach it.
pub const ACTIONS_MAX: usize = 500;

/// The documents of a request and the answer to it; nothing when it is refused.
pub fn records(body: Vec<u8>) -> Option<(Batch, Vec<u8>)> {
    let reader = Reader {
        own: vec![("receiver".to_owned(), b"elastic".to_vec())],
        index: Some("logs".to_owned()),
        ingest: Timestamp(0),
        actions_max: ACTIONS_MAX,
    };
    let taken = reader.read(body).ok()?;
    Some((taken.batch, answer::items(&taken.note, 0)))
}
