//! Where sections are read from: bytes in memory, or a file of which only what is asked for is read.

use std::borrow::Cow;

use crate::Corrupt;

/// Bytes that are read piece by piece.
pub trait Body {
    /// Why a piece cannot be had.
    type Error: From<Corrupt>;

    /// How many bytes there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `len` bytes from `at` on, which must lie within.
    fn get(&self, at: usize, len: usize) -> Result<Cow<'_, [u8]>, Self::Error>;
}

/// The result of reading from a body of type `B`.
pub type Fallible<T, B> = Result<T, <B as Body>::Error>;

/// What is said of a piece that does not lie within.
pub const OUTSIDE: Corrupt = Corrupt("a section lies outside of its row group");

impl Body for [u8] {
    type Error = Corrupt;

    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    fn get(&self, at: usize, len: usize) -> Result<Cow<'_, [u8]>, Corrupt> {
        let end = at.checked_add(len).ok_or(OUTSIDE)?;
        <[u8]>::get(self, at..end).map(Cow::Borrowed).ok_or(OUTSIDE)
    }
}
