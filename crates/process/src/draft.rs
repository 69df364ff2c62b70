//! A batch that is being worked on: records may go, and may get another text; nothing is copied until it is handed on.

use gastrolog_ingest::SinkError;
use gastrolog_types::{Attributes, Batch, NewRecord, Timestamp};

/// One record of a draft.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    /// Which record of the original batch it is (of a group: the first).
    pub(crate) id: u32,
    start: usize,
    end: usize,
    pub(crate) attributes: u32,
    pub(crate) ingest: Timestamp,
    pub(crate) source: Timestamp,
}

/// The records of a batch, and what they have become.
#[derive(Clone, Debug)]
pub(crate) struct Draft<'a> {
    base: &'a [u8],
    /// Texts that were made: positions behind `base` are positions here.
    extra: Vec<u8>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) attributes: Vec<Attributes>,
    /// Whether some text or attribute is not what it was.
    changed: bool,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(batch: &'a Batch) -> Draft<'a> {
        let piece = |(id, r): (usize, &NewRecord)| Piece {
            id: id as u32,
            start: r.start as usize,
            end: r.end as usize,
            attributes: r.attributes,
            ingest: r.ingest,
            source: r.source,
        };
        Draft {
            base: &batch.text,
            extra: Vec::new(),
            pieces: batch.records.iter().enumerate().map(piece).collect(),
            attributes: batch.attributes.clone(),
            changed: false,
        }
    }

    /// Some of the records, to be worked on apart.
    pub(crate) fn with_pieces(&self, pieces: Vec<Piece>) -> Draft<'a> {
        Draft {
            pieces,
            base: self.base,
            extra: self.extra.clone(),
            attributes: self.attributes.clone(),
            ..*self
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether any text or attribute was changed.
    pub(crate) fn is_changed(&self) -> bool {
        self.changed
    }

    pub(crate) fn text_of(&self, piece: &Piece) -> &[u8] {
        let at = self.base.len();
        let range = match piece.start.checked_sub(at) {
            // An empty text at the very end of the batch is in neither.
            Some(start) => self.extra.get(start..piece.end.saturating_sub(at)),
            None => self.base.get(piece.start..piece.end),
        };
        range.unwrap_or(&[])
    }

    pub(crate) fn attributes_of(&self, piece: &Piece) -> &Attributes {
        static NONE: std::sync::LazyLock<Attributes> = std::sync::LazyLock::new(Attributes::default);
        self.attributes.get(piece.attributes as usize).unwrap_or(&NONE)
    }

    /// `piece` with another text.
    pub(crate) fn with_text(&mut self, piece: Piece, text: &[u8]) -> Piece {
        self.changed = true;
        let start = self.base.len() + self.extra.len();
        self.extra.extend_from_slice(text);
        Piece { start, end: start + text.len(), ..piece }
    }

    /// `piece` cut to its first bytes.
    pub(crate) fn cut(&mut self, piece: Piece, bytes: usize) -> Piece {
        self.changed = true;
        Piece { end: piece.end.min(piece.start + bytes), ..piece }
    }

    /// `piece` with other attributes.
    pub(crate) fn with_attributes(&mut self, piece: Piece, attributes: Attributes) -> Piece {
        self.changed = true;
        if self.attributes.last() != Some(&attributes) {
            self.attributes.push(attributes);
        }
        Piece { attributes: self.attributes.len() as u32 - 1, ..piece }
    }

    /// A batch of its own, holding nothing but these records.
    pub(crate) fn batch_of<'p>(
        &self,
        pieces: impl Iterator<Item = &'p Piece> + Clone,
    ) -> Result<Batch, SinkError> {
        let bytes: usize = pieces.clone().map(|p| self.text_of(p).len()).sum();
        if bytes > u32::MAX as usize {
            return Err(SinkError::Refused("the batch is longer than 4 GiB after processing".into()));
        }
        let mut out = Batch { text: Vec::with_capacity(bytes), ..Batch::default() };
        let mut sets = vec![u32::MAX; self.attributes.len()];
        for piece in pieces {
            let start = out.text.len() as u32;
            out.text.extend_from_slice(self.text_of(piece));
            let attributes = self.set(piece, &mut sets, &mut out);
            let (end, ingest, source) = (out.text.len() as u32, piece.ingest, piece.source);
            out.records.push(NewRecord { start, end, attributes, ingest, source });
        }
        Ok(out)
    }

    /// Where the attributes of `piece` are in `out`; each set is taken over once.
    fn set(&self, piece: &Piece, sets: &mut [u32], out: &mut Batch) -> u32 {
        let Some(set) = sets.get_mut(piece.attributes as usize) else {
            out.attributes.push(Attributes::default());
            return out.attributes.len() as u32 - 1;
        };
        if *set == u32::MAX {
            *set = out.attributes.len() as u32;
            out.attributes.push(self.attributes_of(piece).clone());
        }
        *set
    }
}
