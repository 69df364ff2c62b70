//! A piece of input that a sample may be taken of.

use gastrolog_types::Attributes;

use super::sampler::SCRUBBED_BYTES_MAX;

/// Why a sample is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It does not follow the protocol.
    Malformed,
    /// It, or a part of it, is not stored because it is too long.
    TooLong,
    /// The store said that it can never store it.
    Refused,
    /// There was no room for it, and its sender cannot wait.
    QueueFull,
}

impl Cause {
    /// How many there are.
    pub(super) const COUNT: usize = 4;

    /// Its name in samples.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Malformed => "malformed",
            Cause::TooLong => "too_long",
            Cause::Refused => "refused",
            Cause::QueueFull => "queue_full",
        }
    }
}

/// Bytes that came; those at hand may be fewer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    /// What is at hand: all, or the beginning.
    pub raw: &'a [u8],
    /// How many there were.
    pub bytes: usize,
    /// They are compressed: what is in them does not show.
    pub packed: bool,
}

impl Input<'_> {
    /// The same, where it is compressed.
    pub fn packed(self, packed: bool) -> Self {
        Input { packed, ..self }
    }
}

impl<'a> From<&'a [u8]> for Input<'a> {
    fn from(raw: &'a [u8]) -> Input<'a> {
        Input { raw, bytes: raw.len(), packed: false }
    }
}

/// Input that was set aside before it was handed on, for the case that it comes to nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub(crate) raw: Vec<u8>,
    pub(crate) bytes: usize,
    pub(crate) attributes: Attributes,
}

impl Kept {
    /// A record that nobody else has any more: as much of it as a sample may need.
    pub fn of(text: &[u8], attributes: &Attributes) -> Kept {
        let raw = text.get(..SCRUBBED_BYTES_MAX).unwrap_or(text).to_vec();
        Kept { raw, bytes: text.len(), attributes: attributes.clone() }
    }
}

impl<'a> From<&'a Kept> for Input<'a> {
    fn from(kept: &'a Kept) -> Input<'a> {
        Input { raw: &kept.raw, bytes: kept.bytes, packed: false }
    }
}
