//! Hands the parts of a batch to their stores.

use std::sync::Arc;

use gastrolog_ingest::samples::Kept;
use gastrolog_ingest::{Refused, Sink, SinkError};
use gastrolog_types::Batch;

use crate::draft::{Draft, Piece};
use crate::fates::Fates;
use crate::remember::{Attempt, Sent};
use crate::sink::no_lane;

/// Records for one store.
pub(crate) struct Part<'d, 'b> {
    pub(crate) lane: usize,
    pub(crate) draft: &'d Draft<'b>,
    pub(crate) pieces: Vec<Piece>,
}

impl Part<'_, '_> {
    /// Whether it is all of `batch`, as it came.
    pub(crate) fn is_whole(&self, batch: &Batch) -> bool {
        self.pieces.len() == batch.len() && !self.draft.is_changed()
    }
}

/// All parts of a batch.
pub(crate) struct Parts<'p, 'd, 'b> {
    pub(crate) lanes: &'p [Arc<dyn Sink>],
    pub(crate) parts: &'p [Part<'d, 'b>],
}

impl Parts<'_, '_, '_> {
    /// Stores all parts but those that an attempt before has stored; returns the first number that was given.
    pub(crate) fn send(&self, fates: &mut Fates, attempt: &mut Attempt) -> Result<u64, SinkError> {
        attempt.sent.resize(self.parts.len(), None);
        let mut away = None;
        for (part, sent) in self.parts.iter().zip(&mut attempt.sent) {
            if sent.is_some() {
                continue;
            }
            match self.send_part(part) {
                Ok(done) => *sent = Some(done),
                Err(refused @ SinkError::Refused(_)) => return Err(refused),
                // The others are tried all the same: what they have they need not be given again.
                Err(unavailable) => away = Some(unavailable),
            }
        }
        if let Some(unavailable) = away {
            return Err(unavailable);
        }
        let sent = || attempt.sent.iter().flatten();
        for (part, sent) in self.parts.iter().zip(sent()) {
            part.pieces.iter().for_each(|piece| fates.stored(piece.id));
            sent.refused.iter().for_each(|id| fates.refused(*id));
            fates.show_refused(sent.first_refused.clone());
        }
        Ok(sent().next().map_or(0, |sent| sent.first_seq))
    }

    /// Where there is but one part, its refusal is that of the batch: who sent it is told. Else the records at fault are
    /// dropped alone.
    fn send_part(&self, part: &Part<'_, '_>) -> Result<Sent, SinkError> {
        let sink = self.lanes.get(part.lane).ok_or_else(no_lane)?;
        match sink.append(part.draft.batch_of(part.pieces.iter())?) {
            Ok(accepted) => Ok(Sent { first_seq: accepted.first_seq, ..Sent::default() }),
            Err(SinkError::Refused(_)) if self.parts.len() > 1 => isolate(&**sink, part),
            Err(e) => Err(e),
        }
    }
}

/// Stores what can be stored of a part that was refused, by halves.
fn isolate(sink: &dyn Sink, part: &Part<'_, '_>) -> Result<Sent, SinkError> {
    let mut sent = Sent::default();
    let (mut left, mut first) = (vec![&part.pieces[..]], true);
    while let Some(pieces) = left.pop() {
        match sink.append(part.draft.batch_of(pieces.iter())?) {
            Ok(accepted) if first => (sent.first_seq, first) = (accepted.first_seq, false),
            Ok(_) => {}
            Err(SinkError::Refused(_)) if pieces.len() > 1 => {
                let (front, back) = pieces.split_at(pieces.len() / 2);
                left.extend([back, front]);
            }
            Err(SinkError::Refused(reason)) => {
                tracing::warn!(reason, "a store refused a record that a route sends to it; it is dropped");
                sent.refused.extend(pieces.iter().map(|piece| piece.id));
                if let (None, [piece]) = (&sent.first_refused, pieces) {
                    let record = Kept::of(part.draft.text_of(piece), part.draft.attributes_of(piece));
                    sent.first_refused = Some(Arc::new(Refused { record, reason }));
                }
            }
            Err(unavailable) => return Err(unavailable),
        }
    }
    Ok(sent)
}
