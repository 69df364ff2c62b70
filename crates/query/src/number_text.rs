//! One text for all ways to write a number, so that an index of texts can answer for numbers.

use crate::value::{Number, parse_number};

/// The canonical text of a number, the same for all texts that are equal as numbers and for no others; `None`
/// when `text` is not a number.
pub fn canonical_number(text: &[u8]) -> Option<Vec<u8>> {
    Some(parse_number(text)?.canonical_text().into_bytes())
}

impl Number {
    /// See [`canonical_number`]: decimal digits for what is whole and fits an `i128`, else the shortest scientific
    /// notation.
    fn canonical_text(self) -> String {
        self.to_i128().map_or_else(|| format!("{:e}", self.to_f64()), |whole| whole.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = String> {
        prop_oneof![
            "-?[0-9]{1,3}(\\.[0-9]{1,3})?(e[+-]?[0-9]{1,2})?",
            "-?0{0,3}[0-9]{15,22}(\\.0{1,3})?",
            any::<i64>().prop_map(|i| i.to_string()),
            any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| format!("{f:e}")),
        ]
    }

    /// The same number written otherwise.
    fn rewritten() -> impl Strategy<Value = (String, String)> {
        (number(), 0..4).prop_map(|(n, how)| {
            let other = match how {
                0 if !n.contains(['.', 'e']) => format!("{n}.0"),
                1 if !n.contains('e') => format!("{n}e0"),
                2 if !n.starts_with('-') => format!("00{n}"),
                3 if !n.contains(['.', 'e']) => format!("{n}0e-1"),
                _ => n.clone(),
            };
            (n, other)
        })
    }

    proptest! {
        #[test]
        fn equal_numbers_and_only_they_have_equal_texts(
            (a, b) in prop_oneof![(number(), number()), rewritten(), any::<(i8, i8)>().prop_map(|(a, b)| (a.to_string(), format!("{b}.0")))]
        ) {
            let (Some(x), Some(y)) = (parse_number(a.as_bytes()), parse_number(b.as_bytes())) else {
                return Ok(());
            };
            prop_assert_eq!(x == y, canonical_number(a.as_bytes()) == canonical_number(b.as_bytes()));
            let again = canonical_number(a.as_bytes()).unwrap();
            prop_assert_eq!(parse_number(&again), Some(x));
        }
    }

    #[test]
    fn examples() {
        let text = |s: &str| canonical_number(s.as_bytes()).map(|t| String::from_utf8(t).unwrap());
        assert_eq!(text("1.0").as_deref(), Some("1"));
        assert_eq!(text("-0").as_deref(), Some("0"));
        assert_eq!(text("0.50").as_deref(), Some("5e-1"));
        assert_eq!(text("1e19").as_deref(), Some("10000000000000000000"));
        assert_eq!(text("1e40").as_deref(), Some("1e40"));
        assert_eq!(text("500x"), None);
    }
}
