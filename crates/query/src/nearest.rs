//! The name that was probably meant.

/// Longer names are not compared.
const NAME_CHARS_MAX: usize = 64;

/// The candidate that takes the fewest edits (insert, delete, replace, swap neighbours), the first of several; none
/// when more than a third of the name would have to change.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.chars().take(NAME_CHARS_MAX + 1).collect();
    if name.len() > NAME_CHARS_MAX {
        return None;
    }
    let allowed = name.len().div_ceil(3);
    let near = candidates.into_iter().filter_map(|candidate| {
        let distance = distance(&name, candidate)?;
        (distance <= allowed && distance < name.len()).then_some((distance, candidate))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

fn distance(name: &[char], candidate: &str) -> Option<usize> {
    let candidate: Vec<char> = candidate.chars().take(NAME_CHARS_MAX + 1).collect();
    if candidate.len() > NAME_CHARS_MAX {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=candidate.len()).collect();
    for (i, &a) in name.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, &b) in candidate.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(NAME_CHARS_MAX);
            let mut cost = (at(&row, j) + usize::from(a != b)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && name.get(i - 1) == Some(&b) && candidate.get(j - 1) == Some(&a);
            if swapped && a != b {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let names = ["upper", "lower", "length", "starts_with", "abs"];
        for (name, meant) in [
            ("uper", Some("upper")),
            ("lowre", Some("lower")),
            ("lenght", Some("length")),
            ("startswith", Some("starts_with")),
            ("abc", Some("abs")),
            ("xyzzy", None),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, names), meant, "{name}");
        }
        let long = "a".repeat(100_000);
        assert_eq!(nearest(&long, names), None);
        assert_eq!(nearest("upper", [long.as_str()]), None);
    }
}
