//! Words that every match of a regular expression contains as whole words of the text.
//!
//! A word of the pattern counts only where bytes of the pattern itself stand around it that can be in no word: in
//! `/ connection refused /` both, in `/connection refused/` none, since the text may say `disconnection refused2`.
//! `\b` is no such border: to a regular expression a dash of Unicode ends a word, to the index it is part of one.
//! Nor is `\s`, which has spaces beyond ASCII.

use gastrolog_types::words::is_word_byte;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Most words that are kept of one expression.
const WORDS_MAX: usize = 16;

/// A piece of a sequence, as far as borders of words go.
enum Atom {
    /// Exactly this byte, ASCII letters in lower case and in either case in the text.
    Byte(u8),
    /// Something, not empty, that begins and ends with a byte of no word; or the start or end of a line or text.
    Border,
    /// Anything, perhaps nothing, that has these words in it.
    Gap(Vec<Vec<u8>>),
}

/// The words, in lower case; empty when none is sure.
pub(crate) fn words_of(source: &str) -> Vec<Vec<u8>> {
    let parser = regex_syntax::ParserBuilder::new().utf8(false).build().parse(source);
    parser.map(|hir| words(&hir)).unwrap_or_default()
}

fn words(hir: &Hir) -> Vec<Vec<u8>> {
    let mut atoms = Vec::new();
    flatten(hir, &mut atoms);
    words_in(atoms)
}

fn words_in(atoms: Vec<Atom>) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut word: Vec<u8> = Vec::new();
    // Whether what stands before `word` is a border.
    let mut begun = false;
    for atom in atoms {
        match atom {
            Atom::Byte(b) if is_word_byte(b) => word.push(b),
            Atom::Byte(_) | Atom::Border => {
                if begun && !word.is_empty() {
                    found.push(std::mem::take(&mut word));
                }
                word.clear();
                begun = true;
            }
            Atom::Gap(inside) => {
                found.extend(inside);
                word.clear();
                begun = false;
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(WORDS_MAX);
    found
}

fn flatten(hir: &Hir, atoms: &mut Vec<Atom>) {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => {
            atoms.extend(literal.0.iter().map(|b| Atom::Byte(b.to_ascii_lowercase())));
        }
        HirKind::Class(class) => atoms.push(of_class(class)),
        HirKind::Look(look) => atoms.extend(is_border(*look).then_some(Atom::Border)),
        HirKind::Repetition(repeated) if repeated.min == 0 => atoms.push(Atom::Gap(Vec::new())),
        HirKind::Repetition(repeated) => {
            let mut inside = Vec::new();
            flatten(&repeated.sub, &mut inside);
            match inside.as_slice() {
                // Of one border byte after the other both ends are borders. (A look-around may not be repeated into
                // a byte, but stays what it is.)
                [Atom::Border] => atoms.push(Atom::Border),
                [Atom::Byte(b)] if !is_word_byte(*b) => atoms.push(Atom::Border),
                // Of what was found just now: looked at once more, each repetition around it would double the work.
                _ => atoms.push(Atom::Gap(words_in(inside))),
            }
        }
        HirKind::Capture(capture) => flatten(&capture.sub, atoms),
        HirKind::Concat(parts) => parts.iter().for_each(|part| flatten(part, atoms)),
        HirKind::Alternation(branches) => atoms.push(Atom::Gap(in_all(branches))),
    }
}

/// The words that all branches have.
fn in_all(branches: &[Hir]) -> Vec<Vec<u8>> {
    let common = |kept: Vec<Vec<u8>>, branch: &Hir| {
        let here = if kept.is_empty() { Vec::new() } else { words(branch) };
        kept.into_iter().filter(|w| here.contains(w)).collect()
    };
    match branches.split_first() {
        Some((first, rest)) => rest.iter().fold(words(first), common),
        None => Vec::new(),
    }
}

fn is_border(look: Look) -> bool {
    matches!(look, Look::Start | Look::End | Look::StartLF | Look::EndLF | Look::StartCRLF | Look::EndCRLF)
}

/// A class is one byte of a word if it is one ASCII letter in both cases, a border if it has nothing but ASCII bytes
/// of no word.
fn of_class(class: &Class) -> Atom {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => {
            class.ranges().iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect()
        }
        Class::Bytes(class) => {
            class.ranges().iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect()
        }
    };
    let ascii = !ranges.is_empty() && ranges.iter().all(|&(_, end)| end < 0x80);
    if !ascii {
        return Atom::Gap(Vec::new());
    }
    let mut bytes = ranges.iter().flat_map(|&(start, end)| start as u8..=end as u8);
    if bytes.clone().all(|b| !is_word_byte(b)) {
        return Atom::Border;
    }
    match (bytes.next(), bytes.next(), bytes.next()) {
        (Some(upper), Some(lower), None)
            if upper.is_ascii_uppercase() && lower == upper.to_ascii_lowercase() =>
        {
            Atom::Byte(lower)
        }
        _ => Atom::Gap(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gastrolog_types::words::contains_word;
    use proptest::prelude::*;

    fn strings(source: &str) -> Vec<String> {
        words_of(source).into_iter().map(|w| String::from_utf8(w).unwrap()).collect()
    }

    #[test]
    fn only_words_with_borders_of_their_own() {
        let none = Vec::<String>::new();
        assert_eq!(strings("connection refused"), none);
        assert_eq!(strings(r"\bconnection refused\b"), none);
        assert_eq!(strings(r"\sconnection\s"), none);
        assert_eq!(strings(" Connection refused:"), ["connection", "refused"]);
        assert_eq!(strings("GET /api/v1"), ["api"]);
        assert_eq!(strings(r#"^GET /api/(users|items)/\d+ HTTP/"#), ["api", "get", "http"]);
        assert_eq!(strings("a (one|.one,|-one-) b"), none);
        assert_eq!(strings("a( one | .* one,)b"), ["one"]);
        assert_eq!(strings("( foo )?x"), none);
        assert_eq!(strings("( foo ){2,}"), ["foo"]);
        assert_eq!(strings("(?i) ERROR:"), ["error"]);
        // The Kelvin sign and the long s are k and s in either case.
        assert_eq!(strings("(?i) task "), none);
        assert_eq!(strings("[ ,]+word[.]$"), ["word"]);
        assert_eq!(strings("^word$"), ["word"]);
        assert_eq!(strings("(?m)^word$"), ["word"]);
        assert_eq!(strings(r" foo\b "), ["foo"]);
        assert_eq!(strings(" foo.bar "), none);
        assert_eq!(strings(" foo-?bar "), none);
        assert_eq!(strings(" naïve "), ["naïve"]);
    }

    /// Work twice as much for each would go on for years.
    #[test]
    fn repetitions_of_repetitions_are_looked_at_once() {
        assert_eq!(strings(&format!(" a{}", "+".repeat(200))), Vec::<String>::new());
        assert_eq!(strings(&format!("{} a {}", "(".repeat(100), ")+".repeat(100))), ["a"]);
    }

    fn piece() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            4 => "[abA ]{1,4}",
            2 => prop::sample::select(vec![
                "[ ,]", "[ab]", "[aA]", ".", r"\s", r"\W", r"\w", r"\b", r"\B", "^", "$", "(?m:^)", "(?m:$)", "é", "—",
                "(?i: ab )", "(?i:k)", "(?-u:[^a])", "[^a]",
            ]).prop_map(str::to_owned),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                (inner.clone(), prop::sample::select(vec!["*", "+", "?", "{2}", "{0}", "{1,2}", "*?"]))
                    .prop_map(|(i, r)| format!("(?:{i}){r}")),
                prop::collection::vec(inner.clone(), 1..4).prop_map(|v| format!("({})", v.join("|"))),
                prop::collection::vec(inner, 1..4).prop_map(|v| v.concat()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn what_matches_contains_them(
            source in prop::collection::vec(piece(), 1..5).prop_map(|v| v.concat()),
            texts in prop::collection::vec("[abAkK ,\né—\u{a0}]{0,10}", 24),
        ) {
            let Ok(regex) = crate::Regex::new(&source.replace('/', "")) else { return Ok(()) };
            let needed = words_of(&regex.source);
            if needed.is_empty() {
                return Ok(());
            }
            for text in &texts {
                // What stands in the pattern is most likely to match: its plain bytes are tried too.
                let plain: String = source.chars().filter(|c| "abA ,é—".contains(*c)).collect();
                for text in [text.clone(), plain.clone(), format!("{text}{plain}"), format!("{plain}{text}")] {
                    if regex.compiled.is_match(text.as_bytes()) {
                        for word in &needed {
                            prop_assert!(
                                contains_word(text.as_bytes(), word),
                                "/{}/ matches {text:?} without {word:?}", regex.source
                            );
                        }
                    }
                }
            }
        }
    }
}
