//! What fuzzing feeds: the way of a push request from its bytes to records, without the wire.

use gastrolog_types::{Batch, Timestamp};

use crate::gather::{Gather, Limits};
use crate::{json, protobuf};

/// Small limits, so that small inputs reach them.
pub const RECORDS_MAX: usize = 500;
/// The same of labels.
const ATTRIBUTE_BYTES_MAX: usize = 1 << 20;

/// The lines of a request; nothing when it is refused.
pub fn records(is_json: bool, request: &[u8]) -> Option<Batch> {
    let own = vec![("receiver".to_owned(), b"loki".to_vec())];
    let limits = Limits { records: RECORDS_MAX, attribute_bytes: ATTRIBUTE_BYTES_MAX };
    let mut gather = Gather::new(own, Timestamp(0), limits);
    let read = match is_json {
        true => json::read(&String::from_utf8_lossy(request), &mut gather),
        false => protobuf::read(request, &mut gather),
    };
    read.ok().map(|()| gather.finish().batch)
}
