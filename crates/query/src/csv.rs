//! Comma-separated values (RFC 4180), value by value.
//!
//! Text that keeps to the RFC is read as it says. Of other text nothing is lost: a quote inside of a value that
//! does not begin with one is itself, what follows a closing quote belongs to the value, and a quote that is never
//! closed runs to the end.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// The values of the first line of `text`; a line break inside of quotes is part of a value. An empty text has one
/// empty value.
pub fn csv_values(text: &[u8]) -> CsvValues<'_> {
    CsvValues { rest: text, over: false }
}

/// Made by [`csv_values`].
#[derive(Clone, Debug)]
pub struct CsvValues<'t> {
    rest: &'t [u8],
    over: bool,
}

impl<'t> CsvValues<'t> {
    /// The text behind the values taken so far: after the last of them, the lines that follow.
    pub fn rest(&self) -> &'t [u8] {
        self.rest
    }

    /// The rest of a value that begins with a quote, which is taken already.
    fn quoted(&mut self) -> Cow<'t, [u8]> {
        let mut value = Cow::Borrowed(self.up_to_quote());
        while let [b'"', rest @ ..] = self.rest {
            self.rest = rest;
            let piece = self.up_to_quote();
            let value = value.to_mut();
            value.push(b'"');
            value.extend_from_slice(piece);
        }
        let behind = self.bare();
        if !behind.is_empty() {
            value.to_mut().extend_from_slice(behind);
        }
        value
    }

    /// Takes the next quote too.
    fn up_to_quote(&mut self) -> &'t [u8] {
        let (piece, rest) = self.rest.split_at(memchr(b'"', self.rest).unwrap_or(self.rest.len()));
        self.rest = rest.get(1..).unwrap_or_default();
        piece
    }

    /// Up to a comma or the end of the line, without its carriage return.
    fn bare(&mut self) -> &'t [u8] {
        let end = memchr2(b',', b'\n', self.rest).unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at(end);
        self.rest = rest;
        if rest.first() == Some(&b',') { value } else { value.strip_suffix(b"\r").unwrap_or(value) }
    }
}

impl<'t> Iterator for CsvValues<'t> {
    type Item = Cow<'t, [u8]>;

    fn next(&mut self) -> Option<Cow<'t, [u8]>> {
        if self.over {
            return None;
        }
        let value = match self.rest {
            [b'"', rest @ ..] => {
                self.rest = rest;
                self.quoted()
            }
            _ => Cow::Borrowed(self.bare()),
        };
        self.over = self.rest.first() != Some(&b',');
        self.rest = self.rest.get(1..).unwrap_or_default();
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str) -> Vec<String> {
        csv_values(text.as_bytes()).map(|v| String::from_utf8(v.into_owned()).unwrap()).collect()
    }

    #[test]
    fn splits_a_line() {
        for (line, expected) in [
            ("", vec![""]),
            (",", vec!["", ""]),
            ("a,b,c", vec!["a", "b", "c"]),
            ("a, b ,", vec!["a", " b ", ""]),
            (r#""a,b",c"#, vec!["a,b", "c"]),
            (r#""say ""hi""""#, vec![r#"say "hi""#]),
            ("\",\"", vec![","]),
            ("\"a\nb\",c\nnext", vec!["a\nb", "c"]),
            ("a,\"b\"\r\nnext", vec!["a", "b"]),
            ("a,b\r", vec!["a", "b"]),
            ("a\rb,c", vec!["a\rb", "c"]),
            (r#""""#, vec![""]),
        ] {
            assert_eq!(values(line), expected, "{line:?}");
        }
    }

    #[test]
    fn loses_nothing_of_text_that_breaks_the_rules() {
        for (line, expected) in [
            (r#"a"b"c,d"#, vec![r#"a"b"c"#, "d"]),
            (r#""a"b,c"#, vec!["ab", "c"]),
            (r#""a,b"#, vec!["a,b"]),
            (r#""a""b,c"#, vec![r#"a"b,c"#]),
            (r#"""#, vec![""]),
        ] {
            assert_eq!(values(line), expected, "{line:?}");
        }
    }

    #[test]
    fn goes_on_to_the_next_line() {
        let mut first = csv_values(b"a,\"b\nc\"\r\nd");
        assert_eq!(first.by_ref().count(), 2);
        assert_eq!(first.rest(), b"d");
        let mut second = csv_values(first.rest());
        assert_eq!(second.next().as_deref(), Some(&b"d"[..]));
        assert_eq!((second.next(), second.rest()), (None, &b""[..]));
    }

    fn written(cells: &[String]) -> String {
        let quoted = |c: &String| format!("\"{}\"", c.replace('"', "\"\""));
        let needs = |c: &String| c.contains(['"', ',', '\n', '\r']);
        cells.iter().map(|c| if needs(c) { quoted(c) } else { c.clone() }).collect::<Vec<_>>().join(",")
    }

    proptest! {
        #[test]
        fn reads_back_what_was_written(lines in prop::collection::vec(prop::collection::vec("[a\",\r\né]{0,5}", 1..4), 1..4)) {
            let text: String = lines.iter().map(|l| written(l) + "\r\n").collect();
            let mut rest = text.as_bytes();
            for line in &lines {
                let mut read = csv_values(rest);
                let cells: Vec<_> = read.by_ref().map(|c| String::from_utf8(c.into_owned()).unwrap()).collect();
                prop_assert_eq!(&cells, line);
                rest = read.rest();
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(prop::sample::select(b"a\",\r\n\xff".to_vec()), 0..12)) {
            prop_assert!(csv_values(&bytes).count() <= bytes.len() + 1);
        }
    }
}
