//! Reading and writing of little-endian integers, varints and byte strings.

/// Bytes that are not what a writer of this format would have written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Corrupt(pub &'static str);

/// Result of decoding.
pub type Result<T> = std::result::Result<T, Corrupt>;

/// Appends encoded values to a buffer.
pub trait Writer {
    /// One byte.
    fn put_u8(&mut self, v: u8);
    /// Two bytes.
    fn put_u16(&mut self, v: u16);
    /// Four bytes.
    fn put_u32(&mut self, v: u32);
    /// Eight bytes.
    fn put_u64(&mut self, v: u64);
    /// LEB128, one to ten bytes.
    fn put_varint(&mut self, v: u64);
    /// Zigzag LEB128.
    fn put_signed(&mut self, v: i64);
    /// Length as a varint, then the bytes.
    fn put_bytes(&mut self, v: &[u8]);
}

impl Writer for Vec<u8> {
    fn put_u8(&mut self, v: u8) {
        self.push(v);
    }
    fn put_u16(&mut self, v: u16) {
        self.extend_from_slice(&v.to_le_bytes());
    }
    fn put_u32(&mut self, v: u32) {
        self.extend_from_slice(&v.to_le_bytes());
    }
    fn put_u64(&mut self, v: u64) {
        self.extend_from_slice(&v.to_le_bytes());
    }
    fn put_varint(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.push(v as u8 | 0x80);
            v >>= 7;
        }
        self.push(v as u8);
    }
    fn put_signed(&mut self, v: i64) {
        self.put_varint(zigzag(v));
    }
    fn put_bytes(&mut self, v: &[u8]) {
        self.put_varint(v.len() as u64);
        self.extend_from_slice(v);
    }
}

/// Maps small magnitudes of either sign to small numbers.
#[inline]
pub(crate) fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

/// Inverse of [`zigzag`].
#[inline]
pub(crate) fn unzigzag(v: u64) -> i64 {
    (v >> 1) as i64 ^ -((v & 1) as i64)
}

/// A number that was read, unless it is larger than what a file may say.
pub fn at_most(n: u64, max: u64) -> Result<u64> {
    if n <= max { Ok(n) } else { Err(Corrupt("a number is over its bound")) }
}

/// Takes encoded values off the front of a slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or(Corrupt("ends too early"))?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(Corrupt("ends too early"))?;
        self.rest = rest;
        Ok(*head)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// LEB128.
    pub fn varint(&mut self) -> Result<u64> {
        let mut v = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.u8()?;
            v |= u64::from(b & 0x7f) << shift;
            if b < 0x80 {
                return Ok(v);
            }
        }
        Err(Corrupt("a varint does not end"))
    }

    /// Zigzag LEB128.
    pub fn signed(&mut self) -> Result<i64> {
        Ok(unzigzag(self.varint()?))
    }

    /// A varint that must not exceed `max`.
    pub fn count(&mut self, max: usize) -> Result<usize> {
        match usize::try_from(self.varint()?) {
            Ok(n) if n <= max => Ok(n),
            _ => Err(Corrupt("a count is over its bound")),
        }
    }

    /// A count of things that each take a byte or more of what is left.
    pub fn count_here(&mut self) -> Result<usize> {
        let n = self.count(usize::MAX >> 1)?;
        if n <= self.rest.len() { Ok(n) } else { Err(Corrupt("a count is over what is left")) }
    }

    /// Length and bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let n = self.count_here()?;
        self.take(n)
    }

    /// Length and UTF-8 text.
    pub fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Corrupt("a name is not UTF-8"))
    }
}

/// Appends `text[from..to]`, which mostly is short: to copy so many bytes whatever is wanted, and to cut the rest off, is
/// faster than to copy exactly.
#[inline]
pub(crate) fn extend_short(out: &mut Vec<u8>, text: &[u8], from: usize, to: usize) {
    const WIDE: usize = 32;
    let (before, bytes) = (out.len(), to.wrapping_sub(from));
    match text.get(from..).and_then(|t| t.first_chunk::<WIDE>()) {
        Some(wide) if bytes <= WIDE => {
            out.extend_from_slice(wide);
            out.truncate(before + bytes);
        }
        _ => out.extend_from_slice(text.get(from..to).unwrap_or(&[])),
    }
}
