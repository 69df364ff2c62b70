//! gastrolog-indexer-syslog: RFC 5424, RFC 3164 with and without priority, as senders and files really write them.
//!
//! Names `priority`, `timestamp`, `hostname`, `appname`, `procid`, `msgid`, structured data as `id.param`, and
//! `message`, whose inside is left to the other indexers. A nil value (`-`) is no field.

mod bsd;
mod header;
mod rfc5424;
#[cfg(test)]
mod tests;

use std::ops::Range;

use gastrolog_index::{Claim, Indexer, RangeSet};

/// The indexer of syslog records.
#[derive(Clone, Copy, Debug, Default)]
pub struct Syslog;

impl Indexer for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    fn index(&self, record: &[u8], part: Range<usize>, out: &mut RangeSet) -> Claim {
        let Some(text) = record.get(..part.end) else { return Claim::No };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let claimed = match text.get(part.start) {
            Some(b'<') => with_priority(text, part.start, out),
            Some(b'A'..=b'S' | b'0'..=b'9') => bsd::from_file(text, part.start, out),
            _ => None,
        };
        if claimed.is_some() { Claim::Yes } else { Claim::No }
    }
}

/// `<34>…`: whatever follows, it is syslog; what has no known header is all message, as RFC 3164 says.
fn with_priority(text: &[u8], start: usize, out: &mut RangeSet) -> Option<()> {
    let priority = header::priority(text, start)?;
    let after = priority.end + 1;
    out.field(priority, "priority");
    if let Some(header) = rfc5424::read(text, after) {
        header.push(text, out);
        return Some(());
    }
    match bsd::read(text, after) {
        Some(header) => header.push(text, out),
        None => header::push_message(text, after, out),
    }
    Some(())
}
