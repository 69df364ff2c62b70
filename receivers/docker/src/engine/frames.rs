//! Cuts what the engine sends of a container's log into messages: frames of a multiplexed stream, or, where the container
//! has a terminal, lines.

use gastrolog_follow::Stream;

/// Before each frame: the stream, three zeros, the length.
const HEADER_BYTES: usize = 8;
/// Of a longer frame, or line of a terminal, the rest is dropped; the engine itself cuts at 16 KiB.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// A message as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) stream: Stream,
    pub(crate) bytes: Vec<u8>,
    /// It was longer than the limit.
    pub(crate) truncated: bool,
}

/// The bytes of one log, on their way to messages.
#[derive(Debug)]
pub(crate) struct Frames {
    is_terminal: bool,
    /// Holds less than a message and what came last.
    bytes: Vec<u8>,
    /// Of it, this was taken.
    at: usize,
    /// Bytes of a message that was too long; of a terminal they go on to the next LF.
    skip: usize,
    skip_line: bool,
}

impl Frames {
    pub(crate) fn new(is_terminal: bool) -> Frames {
        Frames { is_terminal, bytes: Vec::new(), at: 0, skip: 0, skip_line: false }
    }

    /// Adds what came. To be taken out by [`Frames::next`] before more is added.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message; `None` when more must come first. An error is that of a stream that cannot be understood
    /// any further.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, String> {
        if self.is_terminal { Ok(self.next_line()) } else { self.next_frame() }
    }

    /// The last line of a terminal, which nothing has ended.
    pub(crate) fn rest(&mut self) -> Option<Frame> {
        let rest = self.bytes.get(self.at..).filter(|rest| self.is_terminal && !rest.is_empty())?;
        let frame = Frame { stream: Stream::Stdout, bytes: rest.to_vec(), truncated: false };
        self.at = self.bytes.len();
        Some(frame).filter(|_| !self.skip_line)
    }

    fn left(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, String> {
        let skipped = self.skip.min(self.left().len());
        (self.at, self.skip) = (self.at + skipped, self.skip - skipped);
        let Some((header, body)) = self.left().split_at_checked(HEADER_BYTES) else { return Ok(None) };
        let stream = match header {
            [1, 0, 0, 0, ..] => Stream::Stdout,
            // 3 is what the engine itself has to say.
            [2 | 3, 0, 0, 0, ..] => Stream::Stderr,
            _ => return Err(format!("a frame begins with {:?}", header.get(..4).unwrap_or_default())),
        };
        let length = header.iter().skip(4).fold(0, |sum, &byte| sum << 8 | usize::from(byte));
        let kept = length.min(MESSAGE_BYTES_MAX);
        let Some(bytes) = body.get(..kept).map(<[u8]>::to_vec) else { return Ok(None) };
        self.at += HEADER_BYTES + kept;
        self.skip = length - kept;
        Ok(Some(Frame { stream, bytes, truncated: length > kept }))
    }

    fn next_line(&mut self) -> Option<Frame> {
        if self.skip_line {
            let Some(end) = self.left().iter().position(|&byte| byte == b'\n') else {
                self.at = self.bytes.len();
                return None;
            };
            self.at += end + 1;
            self.skip_line = false;
        }
        let left = self.left();
        let (bytes, truncated) = match left.iter().position(|&byte| byte == b'\n') {
            Some(end) if end < MESSAGE_BYTES_MAX => (left.get(..=end)?.to_vec(), false),
            None if left.len() <= MESSAGE_BYTES_MAX => return None,
            _ => (left.get(..MESSAGE_BYTES_MAX)?.to_vec(), true),
        };
        self.at += bytes.len();
        self.skip_line = truncated;
        Some(Frame { stream: Stream::Stdout, bytes, truncated })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn frame(stream: u8, text: &[u8]) -> Vec<u8> {
        let mut out = vec![stream, 0, 0, 0];
        out.extend_from_slice(&(text.len() as u32).to_be_bytes());
        out.extend_from_slice(text);
        out
    }

    /// All messages of `bytes`, which come in parts of these sizes, and what ended them.
    fn all(bytes: &[u8], is_terminal: bool, sizes: &[usize]) -> (Vec<Frame>, Option<String>) {
        let (mut frames, mut out, mut at) = (Frames::new(is_terminal), Vec::new(), 0);
        for size in sizes.iter().cycle() {
            let end = (at + size).min(bytes.len());
            frames.push(&bytes[at..end]);
            at = end;
            loop {
                match frames.next() {
                    Ok(Some(frame)) => out.push(frame),
                    Ok(None) => break,
                    Err(why) => return (out, Some(why)),
                }
            }
            assert!(frames.bytes.len() - frames.at <= MESSAGE_BYTES_MAX + HEADER_BYTES);
            if at == bytes.len() {
                break;
            }
        }
        out.extend(frames.rest());
        (out, None)
    }

    #[test]
    fn what_is_too_long_is_cut_and_the_next_found() {
        let long = vec![b'x'; MESSAGE_BYTES_MAX + 5000];
        let bytes = [frame(1, &long), frame(2, b"next\n")].concat();
        let (frames, why) = all(&bytes, false, &[70_000]);
        assert_eq!(why, None);
        assert!(frames[0].truncated && frames[0].bytes.len() == MESSAGE_BYTES_MAX);
        assert_eq!(frames[1], Frame { stream: Stream::Stderr, bytes: b"next\n".to_vec(), truncated: false });
        let bytes = [&long[..], b"\nnext\nrest"].concat();
        let (lines, _) = all(&bytes, true, &[70_000]);
        assert!(lines[0].truncated && lines[0].bytes.len() == MESSAGE_BYTES_MAX);
        assert_eq!(
            (&lines[1].bytes[..], &lines[2].bytes[..], lines.len()),
            (&b"next\n"[..], &b"rest"[..], 3)
        );
    }

    #[test]
    fn a_stream_that_is_none_ends_with_its_reason() {
        let bytes = [frame(1, b"one\n"), b"HTTP/1.1 500".to_vec()].concat();
        let (frames, why) = all(&bytes, false, &[3]);
        assert_eq!((frames.len(), why.unwrap()), (1, "a frame begins with [72, 84, 84, 80]".to_owned()));
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..300), is_terminal in any::<bool>(), size in 1..40usize) {
            all(&bytes, is_terminal, &[size]);
        }

        #[test]
        fn frames_come_back_however_they_were_cut(
            texts in prop::collection::vec((1..3u8, prop::collection::vec(any::<u8>(), 0..60)), 0..20),
            sizes in prop::collection::vec(1..50usize, 1..5),
        ) {
            let bytes: Vec<u8> = texts.iter().flat_map(|(stream, text)| frame(*stream, text)).collect();
            let (frames, why) = all(&bytes, false, &sizes);
            prop_assert_eq!(why, None);
            let back: Vec<_> = frames.into_iter().map(|f| (1 + u8::from(f.stream == Stream::Stderr), f.bytes)).collect();
            prop_assert_eq!(back, texts);
        }

        #[test]
        fn lines_of_a_terminal_come_back(text in "[a-c\n]{1,80}", sizes in prop::collection::vec(1..20usize, 1..5)) {
            let (lines, _) = all(text.as_bytes(), true, &sizes);
            let back: Vec<u8> = lines.iter().flat_map(|line| line.bytes.clone()).collect();
            prop_assert_eq!(back, text.as_bytes());
            prop_assert!(lines.iter().rev().skip(1).all(|line| line.bytes.ends_with(b"\n")));
        }
    }
}
