//! Gathers the log records of a request as lines of JSON.

use gastrolog_net::json::JsonLine;
use gastrolog_types::{Attributes, Batch, NewRecord, Timestamp};

use crate::draft::Draft;

/// Attributes of a resource that become attributes of its records.
const ATTRIBUTES_MAX: usize = 64;
/// Bytes of a name or a value that becomes an attribute.
const ATTRIBUTE_BYTES_MAX: usize = 1024;
/// Records of a request that may be malformed; each has attributes of its own. With more the request is refused.
const MALFORMED_MAX: u64 = 10_000;

/// What a request may grow to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Lines together; the resource is part of each line.
    pub(crate) text_bytes: usize,
    pub(crate) records: usize,
}

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Malformed(String),
    #[error("{0}")]
    TooLarge(String),
}

/// Records so far, and the resource and scope of the next.
pub(crate) struct Gather {
    limits: Limits,
    ingest: Timestamp,
    /// Attributes of every record.
    own: Vec<(String, Vec<u8>)>,
    out: JsonLine,
    records: Vec<NewRecord>,
    attributes: Vec<Attributes>,
    /// Attributes of the resource, until its first record.
    pending: Option<Vec<(String, Vec<u8>)>>,
    resource: Vec<u8>,
    scope: Vec<u8>,
    /// The record that is being read.
    pub(crate) draft: Draft,
    malformed: u64,
}

impl Gather {
    pub(crate) fn new(own: Vec<(String, Vec<u8>)>, ingest: Timestamp, limits: Limits) -> Gather {
        Gather {
            limits,
            ingest,
            own,
            out: JsonLine::default(),
            records: Vec::new(),
            attributes: Vec::new(),
            pending: Some(Vec::new()),
            resource: Vec::new(),
            scope: Vec::new(),
            draft: Draft::default(),
            malformed: 0,
        }
    }

    /// Begins a resource: `members` are those of the line, `attributes` what its records get beside the line.
    pub(crate) fn resource(&mut self, members: JsonLine, mut attributes: Vec<(String, Vec<u8>)>) {
        attributes
            .retain(|(name, value)| !name.is_empty() && name.len().max(value.len()) <= ATTRIBUTE_BYTES_MAX);
        attributes.truncate(ATTRIBUTES_MAX);
        self.resource = members.into_bytes();
        self.scope.clear();
        self.pending = Some(attributes);
    }

    /// Begins a scope.
    pub(crate) fn scope(&mut self, members: JsonLine) {
        self.scope = members.into_bytes();
    }

    /// Ends the record that is being read.
    pub(crate) fn record(&mut self) -> Result<(), Fault> {
        let attributes = self.attribute_set();
        let start = self.begin()?;
        self.out.begin_object();
        self.draft.members(&mut self.out);
        for members in [&self.resource, &self.scope] {
            if !members.is_empty() {
                self.out.raw(members);
            }
        }
        self.out.end_object();
        self.end(start, attributes, self.draft.source())
    }

    /// A record that was not understood, as it came.
    pub(crate) fn malformed(&mut self, raw: &[u8], reason: &str) -> Result<(), Fault> {
        self.malformed += 1;
        if self.malformed > MALFORMED_MAX {
            return Err(Fault::Malformed(format!("more than {MALFORMED_MAX} malformed records: {reason}")));
        }
        let set = self.attribute_set();
        let known = self.attributes.get(set as usize).cloned().unwrap_or_default();
        let reason = [("parse_error", reason.as_bytes())];
        self.attributes.push(Attributes::new(known.iter().chain(reason)));
        let attributes = self.attributes.len() as u32 - 1;
        let start = self.begin()?;
        self.out.raw(raw);
        let done = self.end(start, attributes, Timestamp::NONE);
        // The next record must not find the reason of this one.
        self.attributes.push(known);
        done
    }

    /// The records, and how many of them were not understood.
    pub(crate) fn finish(self) -> (Batch, u64) {
        let batch = Batch { text: self.out.into_bytes(), records: self.records, attributes: self.attributes };
        (batch, self.malformed)
    }

    fn begin(&mut self) -> Result<usize, Fault> {
        if self.records.len() >= self.limits.records {
            let max = self.limits.records;
            return Err(Fault::TooLarge(format!("more than {max} records; send them in parts")));
        }
        self.out.end_line();
        Ok(self.out.len())
    }

    fn end(&mut self, start: usize, attributes: u32, source: Timestamp) -> Result<(), Fault> {
        let end = self.out.len();
        if end > self.limits.text_bytes {
            let max = self.limits.text_bytes;
            return Err(Fault::TooLarge(format!(
                "the records take more than {max} bytes; send them in parts"
            )));
        }
        let (start, end) = (start as u32, end as u32);
        self.records.push(NewRecord { start, end, attributes, ingest: self.ingest, source });
        Ok(())
    }

    /// The attributes of records now; made with the first record of a resource.
    fn attribute_set(&mut self) -> u32 {
        if let Some(pending) = self.pending.take() {
            self.attributes.push(Attributes::new(self.own.iter().cloned().chain(pending)));
        }
        self.attributes.len() as u32 - 1
    }
}
