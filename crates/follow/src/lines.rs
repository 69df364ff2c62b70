//! Cuts what was read of a file into lines.

/// A line of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) truncated: bool,
}

/// The lines of a chunk, and where the next chunk begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) lines: Vec<Line>,
    /// Bytes that need not be read again.
    pub(crate) consumed: usize,
    /// Whether the chunk ends inside of a line that is too long.
    pub(crate) skipping: bool,
}

/// Cuts `chunk` at LF. A CR stays part of its line. A last line without LF is left for later, unless it is longer
/// than `max` already or nothing will come after it (`at_end`).
pub(crate) fn cut(chunk: &[u8], skipping: bool, max: usize, at_end: bool) -> Cut {
    let mut lines = Vec::with_capacity(chunk.len() / 128);
    let mut start = 0;
    if skipping {
        match memchr::memchr(b'\n', chunk) {
            Some(end) => start = end + 1,
            None => return Cut { lines, consumed: chunk.len(), skipping: true },
        }
    }
    let mut add = |start: usize, end: usize| {
        let truncated = end - start > max;
        lines.push(Line { start, end: end.min(start + max), truncated });
    };
    let base = start;
    for found in memchr::memchr_iter(b'\n', chunk.get(base..).unwrap_or(&[])) {
        let end = base + found;
        add(start, end);
        start = end + 1;
    }
    let too_long = chunk.len() - start > max;
    if too_long || (at_end && start < chunk.len()) {
        add(start, chunk.len());
        start = chunk.len();
    }
    Cut { lines, consumed: start, skipping: too_long }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Texts = Vec<(Vec<u8>, bool)>;

    fn texts(chunk: &[u8], cut: &Cut) -> Texts {
        cut.lines.iter().map(|l| (chunk[l.start..l.end].to_vec(), l.truncated)).collect()
    }

    /// What the lines of a whole file are, by definition.
    fn model(file: &[u8], max: usize) -> Texts {
        let file = file.strip_suffix(b"\n").unwrap_or(file);
        let lines = file.split(|&b| b == b'\n');
        lines.map(|l| (l[..l.len().min(max)].to_vec(), l.len() > max)).collect()
    }

    proptest! {
        #[test]
        fn growing_a_file_gives_the_lines_of_the_whole(
            file in prop::collection::vec(prop_oneof![3 => Just(b'\n'), 10 => any::<u8>()], 1..200),
            steps in prop::collection::vec(1..30usize, 1..10),
            max in 1..12usize,
        ) {
            let (mut at, mut size, mut skipping) = (0, 0, false);
            let mut got = Vec::new();
            for step in steps.iter().cycle() {
                size = (size + step).min(file.len());
                let chunk = &file[at..size];
                let cut = cut(chunk, skipping, max, size == file.len());
                got.extend(texts(chunk, &cut));
                prop_assert!(chunk.len() - cut.consumed <= max);
                at += cut.consumed;
                skipping = cut.skipping;
                if size == file.len() {
                    break;
                }
            }
            prop_assert_eq!(at, file.len());
            prop_assert_eq!(got, model(&file, max));
        }
    }
}
