//! Lines of a followed file: they do not depend on how it grew.

use gastrolog_follow::hostile::lines;

use crate::Target;
use crate::corpus::file;

pub(crate) const TARGETS: &[Target] = &[Target::new("tail_lines", run, seeds)];

/// The first byte is the longest line, the second by how much the file grows.
fn seeds() -> Vec<Vec<u8>> {
    let text: Vec<u8> = file("logs/mixed.log").into_iter().take(2000).collect();
    vec![[&[200, 50], &text[..]].concat(), b"\x03\x01\n\nabcd\r\nabc\nabcdefgh\nx".to_vec()]
}

fn run(data: &[u8]) {
    let Some((&[max, step], text)) = data.split_first_chunk::<2>() else { return };
    let (max, step) = (usize::from(max).max(1), usize::from(step).max(1));
    let cut = lines(text, step, max);
    let whole = text.strip_suffix(b"\n").unwrap_or(text).split(|&b| b == b'\n');
    let wanted = whole.map(|line| (line.get(..max).unwrap_or(line).to_vec(), line.len() > max));
    if text.is_empty() {
        assert!(cut.is_empty());
    } else {
        assert!(cut.iter().cloned().eq(wanted), "lines depend on how the file grew");
    }
}
