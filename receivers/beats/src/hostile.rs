//! What fuzzing feeds beside frames: the head of an event.

use gastrolog_types::Timestamp;

use crate::event;

/// The time of an event; nothing when it is not the JSON of an event.
pub fn time(text: &[u8]) -> Option<Timestamp> {
    event::read(text, Timestamp(0)).ok()
}
