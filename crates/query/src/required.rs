//! Words that anything that matches must contain: what filters and dictionaries of words can be asked for.

use gastrolog_types::words::{is_word_byte, words};

use crate::{Glob, Predicate, TextMatch};

/// Whole words (ASCII letters lower-cased) that every matching text contains as whole words, ASCII case aside.
/// Empty when none is sure.
pub fn required_words(text: &TextMatch) -> Vec<Vec<u8>> {
    match text {
        // A border is asked for wherever a phrase begins or ends with a word byte, so all its words are whole.
        TextMatch::Phrase(phrase) => folded(phrase.as_bytes()),
        TextMatch::Glob(glob) => whole_words(glob),
        TextMatch::Regex(regex) => regex.words.clone(),
    }
}

/// As [`required_words`] for the logical value of a field; `None` where nothing can be said of its text, as for
/// numbers and durations, which have many spellings.
pub fn required_words_of_value(predicate: &Predicate) -> Option<Vec<Vec<u8>>> {
    match predicate {
        Predicate::Equal(literal) if literal.is_equal_by_bytes() => Some(folded(literal.text.as_bytes())),
        Predicate::Glob(glob) => Some(whole_words(glob)),
        Predicate::Regex(regex) => Some(regex.words.clone()),
        _ => None,
    }
}

fn folded(text: &[u8]) -> Vec<Vec<u8>> {
    words(text).map(<[u8]>::to_ascii_lowercase).collect()
}

/// The words of a pattern that no `*` can lengthen. The outer ends of the pattern are word borders.
fn whole_words(glob: &Glob) -> Vec<Vec<u8>> {
    let last = glob.pieces.len().saturating_sub(1);
    let mut found = Vec::new();
    for (i, piece) in glob.pieces.iter().enumerate() {
        let mut piece = piece.as_bytes();
        if i > 0 {
            let cut = piece.iter().position(|&b| !is_word_byte(b)).unwrap_or(piece.len());
            piece = piece.get(cut..).unwrap_or_default();
        }
        if i < last {
            let keep = piece.iter().rposition(|&b| !is_word_byte(b)).map_or(0, |p| p + 1);
            piece = piece.get(..keep).unwrap_or_default();
        }
        found.extend(folded(piece));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Literal;
    use proptest::prelude::*;

    fn strings(words: Vec<Vec<u8>>) -> Vec<String> {
        words.into_iter().map(|w| String::from_utf8(w).unwrap()).collect()
    }

    #[test]
    fn examples() {
        let of = |p: &str| strings(required_words(&TextMatch::Glob(Glob::new(p).unwrap())));
        assert_eq!(of("/api/Users/*"), ["api", "users"]);
        assert_eq!(of("conn*"), Vec::<String>::new());
        assert_eq!(of("a b*c d*e-f-*"), ["a", "f"]);
        assert_eq!(strings(required_words(&TextMatch::Phrase("-Foo bar.".into()))), ["foo", "bar"]);
        assert_eq!(required_words_of_value(&Predicate::Equal(Literal::bare("500"))), None);
        assert_eq!(
            required_words_of_value(&Predicate::Equal(Literal::quoted("500"))),
            Some(vec![b"500".to_vec()])
        );
    }

    fn all_present(needed: &[Vec<u8>], text: &[u8]) -> bool {
        needed.iter().all(|need| words(text).any(|w| w.to_ascii_lowercase() == *need))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]
        #[test]
        fn what_matches_contains_them(
            pieces in prop::collection::vec("[ab. -]{0,3}", 1..4),
            text in "[abA. -]{0,12}",
            fill in "[ab.]{0,2}",
        ) {
            // Random text seldom matches; the pattern filled in nearly always does.
            for text in [&text, &format!("{text}{}{text}", pieces.join(&fill)), &pieces.join(&fill)] {
                let text = text.as_bytes();
                let (condition, predicate) = match Glob::from_pieces(pieces.clone()) {
                    Some(glob) => (TextMatch::Glob(glob.clone()), Predicate::Glob(glob)),
                    None => (TextMatch::Phrase(pieces[0].clone()), Predicate::Equal(Literal::bare(&pieces[0]))),
                };
                if condition.matches(text) {
                    prop_assert!(all_present(&required_words(&condition), text));
                }
                if predicate.matches(text) {
                    prop_assert!(all_present(&required_words_of_value(&predicate).unwrap(), text));
                }
            }
        }
    }
}
