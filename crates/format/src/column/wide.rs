//! Numbers and addresses read from eight and sixteen bytes at once, without a branch for each digit.
//!
//! A value is the first `len` bytes of `onward`, which goes on with what follows it in its buffer. Where that is too short, and
//! for what is no plain number, the reading by the byte decides.

use super::typed::{parse_int, parse_ipv4};

const ONES: u64 = 0x0101_0101_0101_0101;

/// As [`parse_int`].
#[inline]
pub(super) fn parse_int_of(onward: &[u8], len: usize) -> Option<i64> {
    match onward.first_chunk::<8>().and_then(|eight| digits(u64::from_le_bytes(*eight), len)) {
        Some(value) => Some(value),
        None => parse_int(onward.get(..len)?),
    }
}

/// The number that the first `len` of eight characters make, if they are one to eight digits without a zero before others.
#[inline]
fn digits(eight: u64, len: usize) -> Option<i64> {
    let beyond = 8usize.checked_sub(len).filter(|&beyond| beyond < 8)?;
    let plain = eight ^ (ONES * u64::from(b'0'));
    let padded = plain & 0xff == 0 && len > 1;
    // Zeros come before the digits; the last digit is in the highest byte.
    let x = plain << (8 * beyond);
    if padded || (x.wrapping_add(ONES * 0x76) | x) & (ONES << 7) != 0 {
        return None;
    }
    let pairs = x.wrapping_mul(10).wrapping_add(x >> 8);
    const EVERY_FOURTH: u64 = 0x0000_00ff_0000_00ff;
    let high = (pairs & EVERY_FOURTH).wrapping_mul(100 + (1_000_000 << 32));
    let low = (pairs >> 16 & EVERY_FOURTH).wrapping_mul(1 + (10_000 << 32));
    Some((high.wrapping_add(low) >> 32) as i64)
}

/// As [`parse_ipv4`].
#[inline]
pub(super) fn parse_ipv4_of(onward: &[u8], len: usize) -> Option<u32> {
    match onward.first_chunk::<16>() {
        Some(sixteen) if len < 16 => address(u128::from_le_bytes(*sixteen), len),
        _ => parse_ipv4(onward.get(..len)?),
    }
}

/// The address that the first `len` of sixteen characters make, fewer than sixteen.
#[inline]
fn address(sixteen: u128, len: usize) -> Option<u32> {
    const ONES: u128 = u128::from_le_bytes([1; 16]);
    const LOW: u128 = ONES * 0x7f;
    let x = sixteen ^ (ONES * b'.' as u128);
    let inside = (1u128 << (8 * len)) - 1;
    // The high bit of each byte that is a point.
    let mut points = !(((x & LOW) + LOW) | x | LOW) & inside;
    let (mut start, mut address) = (0usize, 0u32);
    for part in 0..4 {
        // The fourth part ends with the text, and there is no point in it.
        let end = if part == 3 { len } else { (points.trailing_zeros() / 8) as usize };
        if part == 3 && points != 0 {
            return None;
        }
        let digits = end.checked_sub(start).filter(|n| (1..=3).contains(n))?;
        let plain = (sixteen >> (8 * start)) as u32 ^ 0x3030_3030;
        let padded = plain & 0xff == 0 && digits > 1;
        let x = plain << (8 * (3 - digits)) & 0x00ff_ffff;
        let value = (x & 0xff) * 100 + (x >> 8 & 0xff) * 10 + (x >> 16);
        if padded || ((x + 0x0076_7676) | x) & 0x0080_8080 != 0 || value > 255 {
            return None;
        }
        address = address << 8 | value;
        start = end + 1;
        points &= points.wrapping_sub(1);
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(value: &[u8], after: &[u8]) {
        let onward = [value, after].concat();
        assert_eq!(parse_int_of(&onward, value.len()), parse_int(value), "{value:?}");
        assert_eq!(parse_ipv4_of(&onward, value.len()), parse_ipv4(value), "{value:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn wide_is_as_by_the_byte(
            value in "-?[0-9]{0,10}|[0-9]{1,3}([.][0-9]{1,3}){2,4}|[0-9./:]{0,17}|(25[0-9]|[0-9]{1,2})([.](25[0-9]|[0-9]{1,2})){3}",
            after in "[0-9. ]{0,20}",
        ) {
            check(value.as_bytes(), after.as_bytes());
        }

        #[test]
        fn whatever_the_bytes(value in proptest::collection::vec(any::<u8>(), 0..18), at in 0usize..18, with in any::<u8>()) {
            check(&value, b"12345678901234567890");
            for good in [&b"12345678"[..], b"123.45.67.255", b"1.2.3.4", b"255.255.255.255"] {
                let mut value = good.to_vec();
                let at = at % value.len();
                value[at] = with;
                check(&value, b"1234567890123456");
            }
        }
    }
}
