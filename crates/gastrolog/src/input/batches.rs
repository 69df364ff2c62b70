//! Cuts a stream of bytes into batches of whole lines.

use std::io::{ErrorKind, Read};
use std::sync::mpsc::Receiver;

use anyhow::bail;

use crate::units;

/// A batch ends with the first line end after this many bytes.
const BATCH_BYTES: usize = if cfg!(test) { 64 } else { 8 << 20 };

/// From a pipe, whole lines are handed on as they come; what has gathered meanwhile is one batch (see
/// [`gathered`]), so that a trickle is stored at once and a flood in large batches.
const PIPE_BYTES: usize = if cfg!(test) { 16 } else { 64 << 10 };

/// Longest line taken.
const LINE_BYTES_MAX: usize = if cfg!(test) { 256 } else { 64 << 20 };

/// Batches of whole lines, the last one perhaps without a line end.
pub(crate) struct Batches<R> {
    input: R,
    /// What was read behind the last batch: the beginning of a line.
    rest: Vec<u8>,
    lines_before: u64,
    live: bool,
    ended: bool,
}

/// `first` and what waits in `queue` behind it, up to about a batch.
pub(crate) fn gathered(mut first: Vec<u8>, queue: &Receiver<Vec<u8>>) -> Vec<u8> {
    while first.len() < BATCH_BYTES {
        match queue.try_recv() {
            Ok(more) => first.extend_from_slice(&more),
            Err(_) => break,
        }
    }
    first
}

/// How many batches may wait: a batch of a file is large, one of a pipe is small.
pub(crate) fn queue_length(live: bool) -> usize {
    if live { BATCH_BYTES / PIPE_BYTES } else { 1 }
}

impl<R: Read> Batches<R> {
    /// Batches of `input`; `live` when its bytes come as they are made.
    pub(crate) fn new(input: R, live: bool) -> Batches<R> {
        Batches { input, rest: Vec::new(), lines_before: 0, live, ended: false }
    }

    /// The next batch; `None` at the end. Fails when reading does, or at a line that is too long.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        let mut batch = std::mem::take(&mut self.rest);
        while !self.ended {
            let searched = batch.len();
            self.read_more(&mut batch)?;
            let fresh = batch.get(searched..).unwrap_or_default();
            if let Some(at) = memchr::memrchr(b'\n', fresh) {
                self.rest = batch.split_off(searched + at + 1);
                return self.checked(batch).map(Some);
            }
            if batch.len() > LINE_BYTES_MAX {
                self.refuse(self.lines_before)?;
            }
        }
        if batch.is_empty() { Ok(None) } else { self.checked(batch).map(Some) }
    }

    /// Reads [`BATCH_BYTES`] of a file, of a pipe what is there.
    fn read_more(&mut self, batch: &mut Vec<u8>) -> anyhow::Result<()> {
        if self.live {
            return self.read_some(batch);
        }
        let wanted = BATCH_BYTES as u64;
        batch.reserve(BATCH_BYTES);
        let read = (&mut self.input).take(wanted).read_to_end(batch)?;
        self.ended = (read as u64) < wanted;
        Ok(())
    }

    fn read_some(&mut self, batch: &mut Vec<u8>) -> anyhow::Result<()> {
        let start = batch.len();
        batch.resize(start + PIPE_BYTES, 0);
        let into = batch.get_mut(start..).unwrap_or_default();
        let read = loop {
            match self.input.read(into) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        batch.truncate(start + read);
        self.ended = read == 0;
        Ok(())
    }

    /// Counts lines and refuses those that are too long.
    fn checked(&mut self, batch: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        let (mut start, mut lines) = (0, 0);
        for end in memchr::memchr_iter(b'\n', &batch) {
            if end - start > LINE_BYTES_MAX {
                self.refuse(self.lines_before + lines)?;
            }
            start = end + 1;
            lines += 1;
        }
        if batch.len() - start > LINE_BYTES_MAX {
            self.refuse(self.lines_before + lines)?;
        }
        self.lines_before += lines;
        Ok(batch)
    }

    fn refuse(&self, lines_before: u64) -> anyhow::Result<()> {
        let max = units::count(LINE_BYTES_MAX as u64);
        bail!("line {} is longer than the {max} bytes a record may have", lines_before + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8], live: bool) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut batches = Batches::new(Cursor::new(text), live);
        let mut out = Vec::new();
        while let Some(batch) = batches.next()? {
            out.push(batch);
        }
        Ok(out)
    }

    #[test]
    fn a_line_that_is_too_long_is_named() {
        let long = [b"a\nb\n".to_vec(), vec![b'x'; 300], b"\nc\n".to_vec()].concat();
        let endless = vec![b'x'; 100_000];
        for live in [false, true] {
            let said = all(&long, live).unwrap_err().to_string();
            assert!(said.starts_with("line 3 is longer than the 256 bytes"), "{said}");
            assert!(all(&endless, live).unwrap_err().to_string().starts_with("line 1 "));
            assert_eq!(all(&[b'x'; 256], live).unwrap().len(), 1);
        }
    }

    #[test]
    fn what_waits_is_gathered() {
        let (send, receive) = std::sync::mpsc::sync_channel(100);
        for _ in 0..100 {
            send.send(b"0123456789abcde\n".to_vec()).unwrap();
        }
        let first = receive.recv().unwrap();
        assert_eq!(gathered(first, &receive).len(), BATCH_BYTES);
        let first = receive.recv().unwrap();
        assert_eq!(gathered(first, &receive).len(), BATCH_BYTES);
    }

    proptest! {
        #[test]
        fn batches_are_the_whole_in_whole_lines(
            lines in proptest::collection::vec(proptest::collection::vec(b'a'..b'd', 0..100), 0..50),
            (ends, live) in any::<(bool, bool)>(),
        ) {
            let mut text = lines.join(&b'\n');
            if ends {
                text.push(b'\n');
            }
            let batches = all(&text, live).unwrap();
            prop_assert_eq!(batches.concat(), text);
            for batch in batches.iter().rev().skip(1) {
                prop_assert_eq!(batch.last(), Some(&b'\n'));
            }
        }
    }
}
