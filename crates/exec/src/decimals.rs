//! Which decimals of a column satisfy a comparison with a number, without writing them as text.

use gastrolog_query::{Ordering, Predicate, parse_number};

use crate::bits::Bits;

/// The decimals that a predicate accepts; `None` for predicates that do not compare with a number.
///
/// Of decimals with equally many digits after the point the one with the larger mantissa is never the smaller number, so
/// those accepted lie between two bounds, which are found by asking the predicate itself.
pub(crate) fn decimal_hits(mantissas: &[i64], scales: &[u8], predicate: &Predicate) -> Option<Bits> {
    let literal = match predicate {
        Predicate::Equal(literal) | Predicate::NotEqual(literal) | Predicate::Compare(_, literal) => literal,
        _ => return None,
    };
    literal.number()?;
    let (min, max) = (mantissas.iter().copied().min()?, mantissas.iter().copied().max()?);
    if i128::from(max) - i128::from(min) >= i128::from(u64::MAX) {
        return None;
    }
    let at_least = |ordering: Ordering, scale: u8| {
        // The first mantissa in the column's span that compares so, or one past its end.
        let accepts = |mantissa: i64| {
            let text = text_of(mantissa, scale);
            parse_number(text.as_bytes()).is_some()
                && Predicate::Compare(ordering, literal.clone()).matches(text.as_bytes())
        };
        first(i128::from(min), i128::from(max) + 1, accepts)
    };
    // For each scale the mantissas from one bound to before the other.
    let mut bounds = [(0i128, 0i128); 256];
    let mut known = [false; 256];
    for &scale in scales {
        let at = usize::from(scale);
        if known[at] {
            continue;
        }
        known[at] = true;
        let (all, end) = (i128::from(min), i128::from(max) + 1);
        let not_below = at_least(Ordering::GreaterOrEqual, scale);
        let above = at_least(Ordering::Greater, scale);
        bounds[at] = match predicate {
            Predicate::Compare(Ordering::Less, _) => (all, not_below),
            Predicate::Compare(Ordering::LessOrEqual, _) => (all, above),
            Predicate::Compare(Ordering::Greater, _) => (above, end),
            Predicate::Compare(Ordering::GreaterOrEqual, _) => (not_below, end),
            _ => (not_below, above),
        };
    }
    let wanted = !matches!(predicate, Predicate::NotEqual(_));
    // The span of all mantissas is from the smallest to the largest, so that a bound past its end may not be an `i64`;
    // how far a mantissa lies above the smallest always is a `u64`.
    let above_min = |n: i128| (n - i128::from(min)) as u64;
    let bounds = bounds.map(|(from, to)| (above_min(from), above_min(to.max(from)) - above_min(from)));
    let hit = |(&mantissa, &scale): (&i64, &u8)| {
        let (from, len) = bounds[usize::from(scale)];
        ((mantissa.wrapping_sub(min) as u64).wrapping_sub(from) < len) == wanted
    };
    Some(Bits::from_tests(mantissas.iter().zip(scales).map(hit), mantissas.len()))
}

/// The first of `from..to` that is accepted, if those accepted come last; else `to`.
fn first(from: i128, to: i128, accepts: impl Fn(i64) -> bool) -> i128 {
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low + (high - low) / 2;
        if i64::try_from(middle).is_ok_and(&accepts) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// `mantissa / 10^scale`, as it stands in a record.
fn text_of(mantissa: i64, scale: u8) -> String {
    let (sign, scale) = (if mantissa < 0 { "-" } else { "" }, usize::from(scale));
    let mut digits = mantissa.unsigned_abs().to_string();
    if scale > 0 {
        digits = format!("{digits:0>width$}", width = scale + 1);
        digits.insert(digits.len() - scale, '.');
    }
    format!("{sign}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gastrolog_query::Literal;
    use proptest::prelude::*;

    fn ordering() -> impl Strategy<Value = Ordering> {
        use Ordering::{Greater, GreaterOrEqual, Less, LessOrEqual};
        prop_oneof![Just(Less), Just(LessOrEqual), Just(Greater), Just(GreaterOrEqual)]
    }

    proptest! {
        #[test]
        fn as_the_predicate_says_of_the_text(
            decimals in proptest::collection::vec((prop_oneof![any::<i64>(), -2000i64..2000, Just(i64::MAX), Just(i64::MIN)], 0u8..=18), 1..50),
            literal in prop_oneof![any::<i32>().prop_map(|n| n.to_string()), "-?[0-9]{1,3}\\.[0-9]{1,3}", "[0-9]{17,20}\\.[0-9]", Just("1e-3".to_owned()), Just("x".to_owned())],
            ordering in ordering(),
        ) {
            // Literals near the numbers, too.
            let near = decimals[0];
            for text in [literal, text_of(near.0, near.1)] {
                let literal = Literal::bare(text);
                for predicate in [Predicate::Compare(ordering, literal.clone()), Predicate::Equal(literal.clone()), Predicate::NotEqual(literal.clone())] {
                    let (mantissas, scales): (Vec<i64>, Vec<u8>) = decimals.iter().copied().unzip();
                    let Some(hits) = decimal_hits(&mantissas, &scales, &predicate) else { continue };
                    for (i, &(m, s)) in decimals.iter().enumerate() {
                        prop_assert_eq!(hits.has(i), predicate.matches(text_of(m, s).as_bytes()), "{} {:?}", text_of(m, s), &predicate);
                    }
                }
            }
        }
    }
}
