//! Patterns with `*`: making them, and matching a whole value.

use memchr::memmem;

use crate::Glob;

impl Glob {
    /// Reads a pattern as a query would: `*` is any run of bytes, a backslash before anything but an ASCII letter
    /// or digit takes its meaning away. A pattern without a star has no place here: `None`.
    pub fn new(pattern: &str) -> Option<Glob> {
        let mut pieces = Pieces::default();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '*' => pieces.star(),
                '\\' => pieces.push(chars.next_if(|next| !next.is_ascii_alphanumeric()).unwrap_or('\\')),
                c => pieces.push(c),
            }
        }
        Glob::from_pieces(pieces.finish())
    }

    /// A pattern from what stands between its stars; `None` for fewer than two pieces. Empty pieces in the middle
    /// (`a**b`) are left out.
    pub fn from_pieces(pieces: Vec<String>) -> Option<Glob> {
        let last = pieces.len().checked_sub(1).filter(|&last| last > 0)?;
        let kept = |(i, piece): (usize, String)| (i == 0 || i == last || !piece.is_empty()).then_some(piece);
        Some(Glob { pieces: pieces.into_iter().enumerate().filter_map(kept).collect() })
    }

    /// Whether the pattern is `*` alone.
    pub fn is_any(&self) -> bool {
        self.pieces.iter().all(String::is_empty)
    }

    /// Whether the whole value matches, case-sensitive.
    pub fn matches(&self, value: &[u8]) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return false;
        };
        let rest = value.strip_prefix(first.as_bytes()).and_then(|rest| rest.strip_suffix(last.as_bytes()));
        let Some(mut rest) = rest else {
            return false;
        };
        for piece in middle {
            // The leftmost place is always good enough: it leaves the most to those that follow.
            match memmem::find(rest, piece.as_bytes()) {
                Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        true
    }
}

/// The pieces of a pattern while it is read.
#[derive(Default)]
pub(crate) struct Pieces {
    done: Vec<String>,
    current: String,
}

impl Pieces {
    pub(crate) fn push(&mut self, c: char) {
        self.current.push(c);
    }

    pub(crate) fn star(&mut self) {
        if self.done.is_empty() || !self.current.is_empty() {
            self.done.push(std::mem::take(&mut self.current));
        }
    }

    /// One piece if there was no star.
    pub(crate) fn finish(mut self) -> Vec<String> {
        self.done.push(self.current);
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_patterns() {
        let pieces = |p: &str| Glob::new(p).map(|g| g.pieces);
        assert_eq!(pieces("a**b"), Some(vec!["a".into(), "b".into()]));
        assert_eq!(pieces("***"), Some(vec![String::new(), String::new()]));
        assert_eq!(pieces(r"a\**\d\\"), Some(vec!["a*".into(), r"\d\".into()]));
        assert_eq!(pieces("plain"), None);
    }

    /// The definition, by trying everything.
    fn slow(pieces: &[String], value: &[u8]) -> bool {
        match pieces {
            [last] => value == last.as_bytes(),
            [first, rest @ ..] => value
                .strip_prefix(first.as_bytes())
                .is_some_and(|v| (0..=v.len()).any(|skip| slow(rest, &v[skip..]))),
            [] => false,
        }
    }

    proptest! {
        #[test]
        fn equals_the_definition(pattern in "[ab*]{0,6}\\*[ab*]{0,3}", value in "[abA]{0,8}") {
            let glob = Glob::new(&pattern).unwrap();
            prop_assert_eq!(glob.matches(value.as_bytes()), slow(&glob.pieces, value.as_bytes()));
        }
    }
}
