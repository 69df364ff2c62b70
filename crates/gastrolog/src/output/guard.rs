//! The last gate before a terminal: what printers let through because their form has no escape of its own for it (JSON
//! may hold everything from U+007F on as it is) is written as `\u009b`, which JSON reads as the same character.

use std::io::{self, Write};

use super::escape::is_direction_override;

/// Longest character that may be cut by the end of a write, less one byte.
const CUT_BYTES_MAX: usize = 3;

/// Passes text on, without DEL, C1 controls and characters that turn the direction of text round.
pub(crate) struct Guard<W> {
    inner: W,
    /// The beginning of a character whose end has not come.
    cut: Vec<u8>,
}

impl<W: Write> Guard<W> {
    pub(crate) fn new(inner: W) -> Guard<W> {
        Guard { inner, cut: Vec::new() }
    }

    fn pass(&mut self, text: &[u8]) -> io::Result<()> {
        for chunk in text.utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some((at, c)) = rest.char_indices().find(|(_, c)| steers(*c)) {
                let (before, from) = rest.split_at(at);
                write!(self.inner, "{before}\\u{:04x}", u32::from(c))?;
                rest = from.get(c.len_utf8()..).unwrap_or_default();
            }
            self.inner.write_all(rest.as_bytes())?;
            chunk.invalid().iter().try_for_each(|b| write!(self.inner, "\\x{b:02x}"))?;
        }
        Ok(())
    }
}

/// Whether the printers' own escapes leave it and a terminal obeys it.
fn steers(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}') || is_direction_override(c)
}

/// How many bytes at the end of `text` begin a character that is not whole.
fn cut_bytes(text: &[u8]) -> usize {
    let tail = text.len().saturating_sub(CUT_BYTES_MAX);
    let last = text.get(tail..).unwrap_or_default();
    let starts = last.iter().rposition(|b| *b >= 0xc0);
    let Some(start) = starts else { return 0 };
    let begun = last.get(start..).unwrap_or_default();
    let cut = std::str::from_utf8(begun).is_err_and(|e| e.error_len().is_none());
    if cut { begun.len() } else { 0 }
}

impl<W: Write> Write for Guard<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = std::mem::take(&mut self.cut);
        text.extend_from_slice(bytes);
        let whole = text.len() - cut_bytes(&text);
        self.cut = text.split_off(whole);
        self.pass(&text)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn guarded(pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut guard = Guard::new(&mut out);
        pieces.iter().for_each(|p| guard.write_all(p).unwrap());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_stays_the_same_value() {
        let text = "a\u{9b}31m\u{7f}é\u{202e}";
        let shown = guarded(&[serde_json::to_string(text).unwrap().as_bytes()]);
        assert_eq!(shown, "\"a\\u009b31m\\u007fé\\u202e\"");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(text in "[a\u{80}-\u{9f}é\u{202e}\u{1f600}]{0,40}", at in any::<prop::sample::Index>()) {
            let (one, two) = text.as_bytes().split_at(at.index(text.len() + 1));
            let shown = guarded(&[one, two]);
            prop_assert_eq!(&shown, &guarded(&[text.as_bytes()]));
            prop_assert!(!shown.chars().any(steers));
        }
    }
}
