//! Checks the structure of JSON that is not given names, because it lies beyond a limit of the walk.

use gastrolog_index::scan::end_of_quoted;

use crate::scalar::{end_of_scalar, skip_space};

/// How deep objects and arrays may be nested in what is skipped; deeper is refused. One bit each on the stack.
const SKIPPED_DEPTH_MAX: usize = 1024;

/// The kinds of the containers that are open.
struct Open {
    objects: [u64; SKIPPED_DEPTH_MAX / 64],
    depth: usize,
}

impl Open {
    fn push(&mut self, object: bool) -> Option<()> {
        let word = self.objects.get_mut(self.depth / 64)?;
        let bit = 1 << (self.depth % 64);
        *word = if object { *word | bit } else { *word & !bit };
        self.depth += 1;
        Some(())
    }

    /// Whether the innermost is an object; `None` if all are closed.
    fn innermost(&self) -> Option<bool> {
        let at = self.depth.checked_sub(1)?;
        Some(self.objects.get(at / 64)? >> (at % 64) & 1 == 1)
    }
}

/// The position of the bracket that closes the container whose next member starts at `at`. `None` if what lies
/// between is not JSON.
pub(crate) fn end_of_content(text: &[u8], mut at: usize, object: bool) -> Option<usize> {
    let mut open = Open { objects: [0; SKIPPED_DEPTH_MAX / 64], depth: 0 };
    open.push(object)?;
    loop {
        if open.innermost()? {
            at = skip_key(text, at)?;
        }
        at = skip_space(text, at);
        match text.get(at)? {
            b'"' => at = end_of_quoted(text, at + 1, b'"')? + 1,
            &b @ (b'{' | b'[') => {
                open.push(b == b'{')?;
                at = skip_space(text, at + 1);
                if !closes(text, at, b == b'{') {
                    continue;
                }
            }
            _ => at = end_of_scalar(text, at)?,
        }
        at = skip_space(text, at);
        while closes(text, at, open.innermost()?) {
            open.depth -= 1;
            if open.depth == 0 {
                return Some(at);
            }
            at = skip_space(text, at + 1);
        }
        if text.get(at) != Some(&b',') {
            return None;
        }
        at += 1;
    }
}

fn skip_key(text: &[u8], at: usize) -> Option<usize> {
    let quote = skip_space(text, at);
    if text.get(quote) != Some(&b'"') {
        return None;
    }
    let colon = skip_space(text, end_of_quoted(text, quote + 1, b'"')? + 1);
    (text.get(colon) == Some(&b':')).then_some(colon + 1)
}

fn closes(text: &[u8], at: usize, object: bool) -> bool {
    text.get(at) == Some(if object { &b'}' } else { &b']' })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, object: bool, want: Option<usize>) {
        assert_eq!(end_of_content(text.as_bytes(), 0, object), want, "{text}");
    }

    #[test]
    fn follows_the_structure() {
        check(r#"1, [ {"a" : [ ] , "b]":{}} ] ]x"#, false, Some(29));
        check(r#""a":"}" , "b":null}"#, true, Some(18));
        check("1, 2}", false, None);
        check("[1}]", false, None);
        check("1, ]", false, None);
        check(r#""a" 1}"#, true, None);
        check(&"[".repeat(100_000), false, None);
        check(&format!("{}1{}", "[".repeat(1000), "]".repeat(1001)), false, Some(2001));
    }
}
