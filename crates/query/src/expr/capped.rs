//! Text that grows up to a limit.

use gastrolog_types::Value;

/// Longest text that an expression makes.
pub(super) const TEXT_BYTES_MAX: usize = 1 << 20;

/// Collects a text; what goes beyond the limit is dropped.
#[derive(Default)]
pub(super) struct Capped {
    text: Vec<u8>,
    cut: bool,
}

impl Capped {
    /// Whether there is still room.
    pub(super) fn push(&mut self, piece: &[u8]) -> bool {
        let room = TEXT_BYTES_MAX - self.text.len();
        self.cut |= piece.len() > room;
        self.text.extend_from_slice(piece.get(..room).unwrap_or(piece));
        !self.cut
    }

    /// The text; a character that was cut in the middle is dropped as a whole.
    pub(super) fn finish(mut self) -> Value {
        if self.cut {
            let tail = self.text.iter().rev().take(3).take_while(|&&b| b & 0xc0 == 0x80).count();
            let lead = self.text.len() - tail;
            let starts_char =
                lead.checked_sub(1).and_then(|at| self.text.get(at)).is_some_and(|b| *b >= 0xc0);
            if starts_char {
                self.text.truncate(lead - 1);
            }
        }
        Value::Text(self.text)
    }
}

/// A text that is made already.
pub(super) fn capped(text: Vec<u8>) -> Value {
    if text.len() <= TEXT_BYTES_MAX {
        return Value::Text(text);
    }
    let mut out = Capped::default();
    out.push(&text);
    out.finish()
}
