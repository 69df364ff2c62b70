//! A message of a log with its time: `TIME text\n`. A text without LF at its end is a piece of a longer line.

use gastrolog_follow::Rfc3339;
use gastrolog_types::Timestamp;

/// The engine cuts longer lines to pieces of this size.
const PIECE_BYTES: usize = 16 << 10;
/// `2006-01-02T15:04:05.000000000Z`, as the engine writes times.
const TIME_BYTES: usize = 30;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) time: Timestamp,
    pub(crate) text: Vec<u8>,
    /// The next message of the stream goes on with its line.
    pub(crate) goes_on: bool,
}

/// Reads messages.
#[derive(Debug, Default)]
pub(crate) struct Messages(Rfc3339);

impl Messages {
    /// What a message says; `None` when it does not begin with a time. On a terminal messages are not told apart: the
    /// times of later pieces stand inside of the line.
    pub(crate) fn read(&mut self, mut bytes: Vec<u8>, is_terminal: bool) -> Result<Message, Vec<u8>> {
        let Some((time, text_at)) = self.time(&bytes) else { return Err(bytes) };
        let goes_on = bytes.pop_if(|last| *last == b'\n').is_none();
        bytes.drain(..text_at.min(bytes.len()));
        if is_terminal {
            self.take_out_times(&mut bytes);
        }
        Ok(Message { time, text: bytes, goes_on })
    }

    fn time(&mut self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        let end = bytes.iter().take(TIME_BYTES + 6).position(|&byte| byte == b' ')?;
        Some((self.0.read(bytes.get(..end)?)?, end + 1))
    }

    fn take_out_times(&mut self, text: &mut Vec<u8>) {
        let mut at = PIECE_BYTES;
        while let Some((_, bytes)) = text.get(at..).and_then(|rest| self.time(rest)) {
            if bytes != TIME_BYTES + 1 {
                break;
            }
            text.drain(at..at + bytes);
            at += PIECE_BYTES;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: &str = "2026-11-21T09:14:20.123456789Z";
    const NS: i64 = 1_795_252_460_123_456_789;

    fn read(text: &str, is_terminal: bool) -> Result<Message, Vec<u8>> {
        Messages::default().read(text.as_bytes().to_vec(), is_terminal)
    }

    #[test]
    fn whole_lines_pieces_and_what_has_no_time() {
        let message = |text: &str, goes_on| Message { time: Timestamp(NS), text: text.into(), goes_on };
        assert_eq!(read(&format!("{AT} hello\n"), false), Ok(message("hello", false)));
        assert_eq!(read(&format!("{AT}  two \r\n"), true), Ok(message(" two \r", false)));
        assert_eq!(read(&format!("{AT} a piece"), false), Ok(message("a piece", true)));
        assert_eq!(read(&format!("{AT} \n"), false), Ok(message("", false)));
        for text in ["", "\n", "hello\n", "2026 x", AT] {
            assert_eq!(read(text, false), Err(text.as_bytes().to_vec()));
        }
    }

    #[test]
    fn pieces_on_a_terminal_are_joined() {
        let (a, b) = ("a".repeat(PIECE_BYTES), "b".repeat(PIECE_BYTES));
        let line = format!("{AT} {a}{AT} {b}{AT} c {AT} d\n");
        assert_eq!(read(&line, true).unwrap().text, format!("{a}{b}c {AT} d").into_bytes());
        assert_eq!(read(&format!("{AT} {a}b\n"), true).unwrap().text, format!("{a}b").into_bytes());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_given_back(bytes in prop::collection::vec(any::<u8>(), 0..100), is_terminal in any::<bool>()) {
            if let Err(back) = Messages::default().read(bytes.clone(), is_terminal) {
                prop_assert_eq!(back, bytes);
            }
        }
    }
}
