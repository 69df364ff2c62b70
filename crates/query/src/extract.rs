//! What `extract` cuts out of a text.

use memchr::memmem;

use crate::{Extraction, Regex, TemplatePiece};

impl Extraction {
    /// The named parts of `text`, in order; `None` where the pattern is not found. A group of a regular expression
    /// that took no part in the match is left out.
    pub fn extract<'t>(&self, text: &'t [u8]) -> Option<Vec<(&str, &'t [u8])>> {
        match self {
            Extraction::Regex(regex) => groups(regex, text),
            Extraction::Template(pieces) => parts(pieces, text),
        }
    }
}

fn groups<'r, 't>(regex: &'r Regex, text: &'t [u8]) -> Option<Vec<(&'r str, &'t [u8])>> {
    let captures = regex.compiled.captures(text)?;
    let named = regex.compiled.capture_names().zip(captures.iter());
    Some(named.filter_map(|(name, group)| Some((name?, group?.as_bytes()))).collect())
}

/// The first place of each literal behind the one before: if these do not fit, none do, so that nothing has to be
/// tried twice.
fn parts<'p, 't>(pieces: &'p [TemplatePiece], text: &'t [u8]) -> Option<Vec<(&'p str, &'t [u8])>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut open = None;
    for piece in pieces {
        match piece {
            TemplatePiece::Name(name) => {
                // Of two names without a literal between, the first takes nothing.
                found.extend(open.replace(name.as_str()).map(|before| (before, rest.split_at(0).0)));
            }
            TemplatePiece::Literal(literal) => {
                let (part, after) = rest.split_at(memmem::find(rest, literal.as_bytes())?);
                found.extend(open.take().map(|name| (name, part)));
                rest = after.get(literal.len()..)?;
            }
        }
    }
    found.extend(open.map(|name| (name, rest)));
    found.retain(|(name, _)| !name.is_empty());
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A template from its text; the parser of queries refuses more.
    fn template(text: &str) -> Extraction {
        let mut pieces = Vec::new();
        for (i, piece) in text.split('<').enumerate() {
            let (name, literal) = if i == 0 {
                (None, piece)
            } else {
                piece.split_once('>').map(|(n, l)| (Some(n), l)).unwrap()
            };
            pieces.extend(name.map(|n| TemplatePiece::Name(if n == "_" { "" } else { n }.into())));
            pieces.extend((!literal.is_empty()).then(|| TemplatePiece::Literal(literal.into())));
        }
        Extraction::Template(pieces)
    }

    fn shown(extraction: &Extraction, text: &str) -> Option<String> {
        let pair = |(name, part): &(&str, &[u8])| format!("{name}={}", String::from_utf8_lossy(part));
        Some(extraction.extract(text.as_bytes())?.iter().map(pair).collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn templates() {
        for (pattern, text, expected) in [
            ("<method> <path> HTTP", "GET /a b HTTP/1.1", Some("method=GET|path=/a b")),
            ("took <ms> ms", "it took 17 ms, then took 3 ms", Some("ms=17")),
            ("user=<user>", "x user=ann and the rest", Some("user=ann and the rest")),
            ("<_> [<level>] <_>: <msg>", "12:00 [warn] db: slow", Some("level=warn|msg=slow")),
            ("[<a>]", "no brackets", None),
            ("[<a>]", "only [one", None),
            ("<a>", "", Some("a=")),
            ("a=<a> b", "a= b", Some("a=")),
            ("x=<x>,y=<y>,", "y=1,x=2,y=3,", Some("x=2|y=3")),
            ("<a><b> ", "one two", Some("a=|b=one")),
            ("literal", "a literal", Some("")),
        ] {
            assert_eq!(shown(&template(pattern), text).as_deref(), expected, "{pattern} of {text}");
        }
    }

    #[test]
    fn regular_expressions() {
        let regex = |source: &str| Extraction::Regex(Regex::new(source).unwrap());
        assert_eq!(shown(&regex(r"(?<a>\d+)(,(?<b>\d+))?"), "x 7 8,9").as_deref(), Some("a=7"));
        assert_eq!(shown(&regex(r"(?<a>\d+)(,(?<b>\d+))"), "x 7 8,9").as_deref(), Some("a=8|b=9"));
        assert_eq!(shown(&regex(r"(?<a>z)"), "x"), None);
        assert_eq!(regex(r"(?<a>\d+)").extract(b"\xff12\xff").unwrap(), [("a", &b"12"[..])]);
    }

    proptest! {
        #[test]
        fn a_template_is_a_lazy_regular_expression(
            pieces in prop::collection::vec(("[a-c]", "[xy]{1,2}"), 1..4), first in any::<bool>(), last in any::<bool>(), text in "[xyz]{0,10}"
        ) {
            let (mut template, mut regex) = (Vec::new(), String::from("(?s-u)"));
            for (i, (name, literal)) in pieces.iter().enumerate() {
                if i > 0 || first {
                    template.push(TemplatePiece::Name(format!("{name}{i}")));
                    regex += &format!("(?<{name}{i}>.*?)");
                }
                template.push(TemplatePiece::Literal(literal.clone()));
                regex += literal;
            }
            if last {
                template.push(TemplatePiece::Name("last".into()));
                regex += "(?<last>.*)";
            }
            let regex = Extraction::Regex(Regex::new(&regex).unwrap());
            prop_assert_eq!(shown(&Extraction::Template(template), &text), shown(&regex, &text));
        }
    }
}
