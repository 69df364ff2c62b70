//! What fuzzing feeds: the way of an upload from its bytes to records, without the wire.

use gastrolog_types::{Batch, Timestamp};

use crate::entry::Entries;
use crate::export::{Export, ExportLimits};

/// The records of an upload that comes in pieces of `step` bytes.
pub fn records(limits: ExportLimits, upload: &[u8], step: usize) -> Batch {
    let own = vec![("receiver".to_owned(), b"journald".to_vec())];
    let (mut export, mut entries) = (Export::new(limits), Entries::new(own, Timestamp(0)));
    for piece in upload.chunks(step.max(1)) {
        export.push(piece, |entry| entries.add(&entry));
    }
    export.finish(|entry| entries.add(&entry));
    entries.take().0
}
