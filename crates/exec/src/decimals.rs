//! Which decimals of a column satisfy a comparison with a number, without writing them as text.

use gastrolog_query::{Literal, Number, Ordering, Predicate, parse_number};

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
    // For each scale the first and the last mantissa accepted.
    let mut known = [None; 256];
    let mut span_of = |scale: u8| match known.get(usize::from(scale)).copied().flatten() {
        Some(span) => span,
        None => {
            let span = span(predicate, literal, scale);
            known.get_mut(usize::from(scale)).into_iter().for_each(|k| *k = Some(span));
            span
        }
    };
    let wanted = !matches!(predicate, Predicate::NotEqual(_));
    let hit = |mantissa: i64, (first, last): Span| (mantissa >= first && mantissa <= last) == wanted;
    if let Some(&scale) = scales.first()
        && scales.iter().all(|&s| s == scale)
    {
        let span = span_of(scale);
        return Some(Bits::from_slice(mantissas, None, |&mantissa| hit(mantissa, span)));
    }
    let tests = mantissas.iter().zip(scales).map(|(&mantissa, &scale)| hit(mantissa, span_of(scale)));
    Some(Bits::from_tests(tests, mantissas.len()))
}

/// First and last mantissa; none when the first is the larger.
type Span = (i64, i64);

/// The mantissas that a predicate (if it is `!=`, its opposite) accepts at a scale.
fn span(predicate: &Predicate, literal: &Literal, scale: u8) -> Span {
    let worth = literal.number().map_or(0.0, Number::to_f64);
    let guess = (worth * 10f64.powi(i32::from(scale))) as i64;
    let first = |ordering: Ordering| {
        let compare = Predicate::Compare(ordering, literal.clone());
        first(guess, |mantissa| {
            let text = text_of(mantissa, scale);
            parse_number(text.as_bytes()).is_some() && compare.matches(text.as_bytes())
        })
    };
    let before = |first: Option<i64>| match first {
        Some(first) => first.checked_sub(1),
        None => Some(i64::MAX),
    };
    let not_below = || first(Ordering::GreaterOrEqual);
    let above = || first(Ordering::Greater);
    let bounds = match predicate {
        Predicate::Compare(Ordering::Less, _) => (Some(i64::MIN), before(not_below())),
        Predicate::Compare(Ordering::LessOrEqual, _) => (Some(i64::MIN), before(above())),
        Predicate::Compare(Ordering::Greater, _) => (above(), Some(i64::MAX)),
        Predicate::Compare(Ordering::GreaterOrEqual, _) => (not_below(), Some(i64::MAX)),
        _ => (not_below(), before(above())),
    };
    match bounds {
        (Some(first), Some(last)) => (first, last),
        _ => (1, 0),
    }
}

/// The first that is accepted, if those accepted come last; looked for around a guess.
fn first(guess: i64, accepts: impl Fn(i64) -> bool) -> Option<i64> {
    // Steps that double, away from the guess, until the bound lies between two of them.
    let (mut low, mut high) = (i128::from(guess), i128::from(guess));
    let (min, end) = (i128::from(i64::MIN), i128::from(i64::MAX) + 1);
    let accepts = |n: i128| i64::try_from(n).map_or(n >= end, &accepts);
    let mut step = 1i128;
    while low > min && accepts(low - 1) {
        high = low - 1;
        low = (low - step).max(min);
        step *= 2;
    }
    while high < end && !accepts(high) {
        low = high + 1;
        high = (high + step).min(end);
        step *= 2;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if accepts(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    i64::try_from(low).ok()
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
