//! Counts what could not be read or stored, and takes samples of it. Where nobody wants samples it only counts.

use std::borrow::Cow;
use std::fmt::Display;

use gastrolog_types::{Attributes, Batch};

use crate::samples::{Cause, Input, Kept, SampleCounts, Sampler};
use crate::{Accepted, Counters, DropReason};

/// The attribute of a record that says why it does not follow the protocol.
const WHY: &str = "parse_error";
/// The attribute of a record that is not whole.
const CUT: &str = "truncated";

impl Counters {
    /// From now on samples go to `sampler`; the first one that is named stays.
    pub fn keep_samples(&self, sampler: Sampler) {
        // A second one would have no other samples than the first.
        let _ = self.sampler.set(sampler);
    }

    /// What became of samples.
    pub fn samples(&self) -> SampleCounts {
        self.sampler.get().map(Sampler::counts).unwrap_or_default()
    }

    /// Takes a sample of input that comes from `place`, a peer or a file; nothing is counted.
    pub fn sample<'a>(
        &self,
        cause: Cause,
        place: impl Display,
        error: impl Display,
        input: impl Into<Input<'a>>,
    ) {
        if let Some(sampler) = self.sampler.get() {
            sampler.take(cause, place, error, input.into());
        }
    }

    /// Counts input that did not follow the protocol (it may be stored all the same), and takes a sample.
    pub fn malformed<'a>(&self, place: impl Display, error: impl Display, input: impl Into<Input<'a>>) {
        self.parse_errors(1);
        self.sample(Cause::Malformed, place, error, input);
    }

    /// Like [`Counters::malformed`], of a record whose attributes tell the reason.
    pub fn malformed_record(&self, text: &[u8], attributes: &Attributes) {
        self.parse_errors(1);
        self.sample(Cause::Malformed, place(attributes), value(attributes, WHY), text);
    }

    /// Like [`Counters::malformed_record`], of `count` records of a batch: those that have a reason.
    pub fn malformed_records(&self, batch: &Batch, count: u64) {
        self.parse_errors(count);
        if count == 0 || self.sampler.get().is_none() {
            return;
        }
        for (i, record) in batch.records.iter().enumerate() {
            let Some(attributes) = batch.attributes.get(record.attributes as usize) else { continue };
            if attributes.iter().any(|(name, _)| name == WHY) {
                self.sample(Cause::Malformed, place(attributes), value(attributes, WHY), batch.text_of(i));
            }
        }
    }

    /// Takes a sample of a record that was cut, or is not stored, because it is too long.
    pub fn too_long(&self, text: &[u8], attributes: &Attributes) {
        self.sample(Cause::TooLong, place(attributes), "longer than the limit", text);
    }

    /// Like [`Counters::too_long`], of those records of a batch that were cut.
    pub fn too_long_records(&self, batch: &Batch) {
        let is_cut = |set: &Attributes| set.iter().any(|(name, _)| name == CUT);
        if self.sampler.get().is_none() || !batch.attributes.iter().any(is_cut) {
            return;
        }
        for (i, record) in batch.records.iter().enumerate() {
            let attributes = batch.attributes.get(record.attributes as usize);
            if let Some(attributes) = attributes.filter(|set| is_cut(set)) {
                self.too_long(batch.text_of(i), attributes);
            }
        }
    }

    /// Counts a record of a sender that cannot wait, for which there was no room.
    pub fn no_room(&self, text: &[u8], attributes: &Attributes) {
        self.dropped(DropReason::QueueFull, 1);
        self.sample(Cause::QueueFull, place(attributes), "no room: the store is too slow", text);
    }

    /// Sets input aside that is about to be handed on.
    pub fn keep(&self, input: &[u8]) -> Kept {
        let max = self.sampler.get().map_or(0, Sampler::kept_bytes);
        let raw = input.get(..max).unwrap_or(input).to_vec();
        Kept { raw, bytes: input.len(), attributes: Attributes::default() }
    }

    /// Sets the first record of a batch aside that is about to be handed on.
    pub fn keep_first(&self, batch: &Batch) -> Kept {
        if self.sampler.get().is_none() || batch.is_empty() {
            return Kept::default();
        }
        let set = batch.records.first().and_then(|first| batch.attributes.get(first.attributes as usize));
        Kept { attributes: set.cloned().unwrap_or_default(), ..self.keep(batch.text_of(0)) }
    }

    /// Counts a batch that the store refused; `first` is its first record.
    pub fn refused(&self, first: &Kept, error: impl Display, records: u64) {
        self.dropped(DropReason::Refused, records);
        self.sample(Cause::Refused, place(&first.attributes), error, first);
    }

    /// Takes a sample of what a store behind a route refused.
    pub(crate) fn sample_refused_by_routes(&self, accepted: &Accepted) {
        if let Some(first) = &accepted.first_refused {
            self.said(format_args!("a record was dropped: {}", first.reason));
            let why = format_args!("a store that a route names: {}", first.reason);
            self.sample(Cause::Refused, place(&first.record.attributes), why, &first.record);
        }
    }
}

fn place(attributes: &Attributes) -> Cow<'_, str> {
    let peer = value(attributes, "peer");
    if peer.is_empty() { value(attributes, "file") } else { peer }
}

fn value<'a>(attributes: &'a Attributes, name: &str) -> Cow<'a, str> {
    let found = attributes.iter().find(|(n, _)| *n == name);
    String::from_utf8_lossy(found.map_or(b"", |(_, value)| value))
}
