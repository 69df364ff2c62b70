//! The smallest pieces of JSON: white space, numbers and words.

/// Position of the first byte from `at` on that is not white space.
#[inline]
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

/// One past the number, `true`, `false` or `null` that starts at `at`; `None` if there is none.
///
/// A number is any run of the bytes numbers are made of: what it stands for is decided when it is compared.
#[inline]
pub(crate) fn end_of_scalar(text: &[u8], at: usize) -> Option<usize> {
    let word: &[u8] = match text.get(at)? {
        b'-' | b'0'..=b'9' => return Some(end_of_number(text, at)),
        b't' => b"true",
        b'f' => b"false",
        b'n' => b"null",
        _ => return None,
    };
    text.get(at..)?.starts_with(word).then_some(at + word.len())
}

#[inline]
fn end_of_number(text: &[u8], mut at: usize) -> usize {
    while let Some(b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E') = text.get(at) {
        at += 1;
    }
    at
}
