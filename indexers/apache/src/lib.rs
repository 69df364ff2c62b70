//! gastrolog-indexer-apache: access logs in the Common and Combined formats of Apache and nginx, with an optional
//! virtual host before and further fields behind.
//!
//! `vhost:port remote_addr ident user [time] "method path protocol" status bytes "referer" "user_agent" "…" …`

mod head;
mod rest;
#[cfg(test)]
mod tests;

use std::ops::Range;

use gastrolog_index::{Claim, Indexer, RangeSet};

/// The indexer of access logs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Apache;

impl Indexer for Apache {
    fn name(&self) -> &'static str {
        "apache"
    }

    fn index(&self, record: &[u8], part: Range<usize>, out: &mut RangeSet) -> Claim {
        let Some(text) = record.get(..part.end) else { return Claim::No };
        // A carriage return before the line feed is part of the record but not of its last field.
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let claimed = head::index(text, part.start, out).and_then(|at| rest::index(text, at, out));
        if claimed.is_some() { Claim::Yes } else { Claim::No }
    }
}
