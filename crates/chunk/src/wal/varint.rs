//! Numbers of variable length, and a reader that never goes beyond its bytes.

use super::MalformedBatch;

/// Appends `n` as unsigned LEB128.
pub(super) fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends `n` zigzag coded.
pub(super) fn put_signed(out: &mut Vec<u8>, n: i64) {
    put(out, ((n << 1) ^ (n >> 63)) as u64);
}

/// Reads from the front of a slice.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn number(&mut self) -> Result<u64, MalformedBatch> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let (&b, rest) = self.0.split_first().ok_or(MalformedBatch("it ends within a number"))?;
            self.0 = rest;
            if shift == 63 && b > 1 {
                break;
            }
            n |= u64::from(b & 0x7f) << shift;
            if b < 0x80 {
                return Ok(n);
            }
        }
        Err(MalformedBatch("a number has more than 64 bits"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, MalformedBatch> {
        let n = self.number()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// A count of things that take at least `bytes_each`: never more than the bytes left can hold.
    pub(super) fn count(&mut self, bytes_each: usize) -> Result<usize, MalformedBatch> {
        let n = self.number()?;
        let max = self.0.len() / bytes_each.max(1);
        usize::try_from(n)
            .ok()
            .filter(|&n| n <= max)
            .ok_or(MalformedBatch("a count exceeds the bytes that follow"))
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], MalformedBatch> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(MalformedBatch("it ends too soon"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// Bytes preceded by their length.
    pub(super) fn prefixed(&mut self) -> Result<&'a [u8], MalformedBatch> {
        let len = self.count(1)?;
        self.take(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_long_ones_are_refused() {
        let numbers = [0, 1, 127, 128, 300, u64::MAX / 2, u64::MAX];
        let signed = [0, -1, 1, i64::MAX, i64::MIN];
        let mut out = Vec::new();
        numbers.iter().for_each(|&n| put(&mut out, n));
        signed.iter().for_each(|&n| put_signed(&mut out, n));
        let mut reader = Reader(&out);
        assert_eq!(numbers.map(|_| reader.number().unwrap()), numbers);
        assert_eq!(signed.map(|_| reader.signed().unwrap()), signed);
        assert!(reader.0.is_empty());
        assert!(Reader(&[0xff; 20]).number().is_err());
        assert!(Reader(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).number().is_err());
        assert!(Reader(&[0x80]).number().is_err());
    }
}
