//! The name that somebody probably meant.

/// Longer names are not compared: bounds the work.
const NAME_CHARS_MAX: usize = 64;

/// The candidate that differs from `name` by the fewest letters (left out, added, changed, or two swapped; ASCII
/// case aside), the first of several; `None` if even that one differs by more than a third.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.chars().map(|c| c.to_ascii_lowercase()).take(NAME_CHARS_MAX + 1).collect();
    if wanted.is_empty() || wanted.len() > NAME_CHARS_MAX {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let letters: Vec<char> =
            candidate.chars().map(|c| c.to_ascii_lowercase()).take(NAME_CHARS_MAX + 1).collect();
        let limit = wanted.len().max(letters.len()).div_ceil(3).min(wanted.len() - 1);
        // Names so different in length differ by more letters than are allowed.
        if letters.len() > NAME_CHARS_MAX || wanted.len().abs_diff(letters.len()) > limit {
            continue;
        }
        let distance = distance(&wanted, &letters);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Optimal string alignment, a row at a time.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&above, j) + usize::from(x != y);
            let mut least = changed.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            if i > 0 && j > 0 && a.get(i - 1) == Some(&y) && b.get(j - 1) == Some(&x) {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let names = ["stats", "sort", "sample", "head", "tail", "status", "user.id", "count", "lower", "abs"];
        for (typed, meant) in [
            ("stat", Some("stats")),
            ("STATS", Some("stats")),
            ("sotr", Some("sort")),
            ("satus", Some("status")),
            ("userid", Some("user.id")),
            ("cuont", Some("count")),
            ("had", Some("head")),
            ("lowre", Some("lower")),
            ("abc", Some("abs")),
            ("x", None),
            ("", None),
            ("something", None),
        ] {
            assert_eq!(nearest(typed, names), meant, "{typed}");
        }
        assert_eq!(nearest(&"a".repeat(65), ["a"]), None);
    }

    #[test]
    fn counts_letters() {
        let of = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(of("", "abc"), 3);
        assert_eq!(of("abc", ""), 3);
        assert_eq!(of("kitten", "sitting"), 3);
        assert_eq!(of("abcd", "abdc"), 1);
    }
}
