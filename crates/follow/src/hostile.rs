//! What fuzzing feeds: the cutter of lines, over a file that grows.

use crate::lines::cut;

/// The lines of `file`, each with whether it was cut, when it grows by `step` bytes between two looks and lines may have
/// `max` bytes.
pub fn lines(file: &[u8], step: usize, max: usize) -> Vec<(Vec<u8>, bool)> {
    let (mut at, mut size, mut skipping, mut found) = (0, 0, false, Vec::new());
    while size < file.len() {
        size = (size + step.max(1)).min(file.len());
        let chunk = file.get(at..size).unwrap_or_default();
        let cut = cut(chunk, skipping, max, size == file.len());
        let text = |start, end| chunk.get(start..end).unwrap_or_default().to_vec();
        found.extend(cut.lines.iter().map(|line| (text(line.start, line.end), line.truncated)));
        assert!(cut.consumed <= chunk.len() && chunk.len() - cut.consumed <= max, "more is kept than a line");
        (at, skipping) = (at + cut.consumed, cut.skipping);
    }
    found
}
