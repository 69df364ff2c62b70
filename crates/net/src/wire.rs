//! The wire format of protobuf, as far as receivers need it: fields of a message one by one, without building it.
//!
//! A message of empty records is two bytes for each; structs built from it would take a hundred times its size.

/// Why bytes are not a protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// It ends inside of a field.
    #[error("the message ends inside of a field")]
    Cut,
    /// A number has more than 64 bits.
    #[error("a number of the message is too long")]
    Number,
    /// A field has number 0, or a wire type that is not in use.
    #[error("the message has a field of unknown kind")]
    Kind,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'a> {
    /// Integers, truth, enums.
    Varint(u64),
    /// `fixed64`, `double`.
    Fixed64(u64),
    /// `fixed32`, `float`.
    Fixed32(u32),
    /// Texts, bytes, messages.
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    /// Bytes; empty when it holds something else, as a receiver passes over what it does not know.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Field::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// A number; 0 when it holds bytes.
    pub fn number(self) -> u64 {
        match self {
            Field::Varint(n) | Field::Fixed64(n) => n,
            Field::Fixed32(n) => n.into(),
            Field::Bytes(_) => 0,
        }
    }
}

/// The fields of a message: numbers and values, in order. It ends after the first error.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of `message`.
    pub fn of(message: &'a [u8]) -> Fields<'a> {
        Fields { rest: message }
    }

    fn field(&mut self) -> Result<(u32, Field<'a>), WireError> {
        let tag = varint(&mut self.rest)?;
        let number = u32::try_from(tag >> 3).map_err(|_| WireError::Number)?;
        let field = match (number, tag & 7) {
            (0, _) => return Err(WireError::Kind),
            (_, 0) => Field::Varint(varint(&mut self.rest)?),
            (_, 1) => Field::Fixed64(u64::from_le_bytes(self.array()?)),
            (_, 2) => {
                let len = usize::try_from(varint(&mut self.rest)?).map_err(|_| WireError::Cut)?;
                let (bytes, rest) = self.rest.split_at_checked(len).ok_or(WireError::Cut)?;
                self.rest = rest;
                Field::Bytes(bytes)
            }
            (_, 5) => Field::Fixed32(u32::from_le_bytes(self.array()?)),
            // Groups left the language before any of these protocols began.
            _ => return Err(WireError::Kind),
        };
        Ok((number, field))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(WireError::Cut)?;
        self.rest = rest;
        Ok(*bytes)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Field<'a>), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

fn varint(rest: &mut &[u8]) -> Result<u64, WireError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first().ok_or(WireError::Cut)?;
        *rest = after;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return Err(WireError::Number);
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(WireError::Number)
}

/// Appends a number as a field.
pub fn put_varint(out: &mut Vec<u8>, field: u32, value: u64) {
    raw_varint(out, u64::from(field) << 3);
    raw_varint(out, value);
}

/// Appends a text or a message as a field.
pub fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    raw_varint(out, u64::from(field) << 3 | 2);
    raw_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn raw_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_bytes_end_with_an_error() {
        let errors = |bytes: &[u8]| Fields::of(bytes).last().and_then(Result::err);
        assert_eq!(errors(&[0x0a, 5, 1]), Some(WireError::Cut));
        assert_eq!(
            errors(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            Some(WireError::Cut)
        );
        assert_eq!(
            errors(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]),
            Some(WireError::Number)
        );
        assert_eq!(errors(&[0x08; 1]), Some(WireError::Cut));
        assert_eq!(errors(&[0x09, 1, 2]), Some(WireError::Cut));
        assert_eq!(errors(&[0x0b]), Some(WireError::Kind));
        assert_eq!(errors(&[0x00, 0x00]), Some(WireError::Kind));
    }

    proptest! {
        #[test]
        fn what_is_put_comes_back(number in 1u32..1 << 29, value: u64, bytes: Vec<u8>) {
            let mut out = Vec::new();
            put_varint(&mut out, number, value);
            put_bytes(&mut out, number, &bytes);
            let fields: Result<Vec<_>, _> = Fields::of(&out).collect();
            prop_assert_eq!(fields.unwrap(), vec![(number, Field::Varint(value)), (number, Field::Bytes(&bytes))]);
        }

        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            prop_assert!(Fields::of(&bytes).count() <= bytes.len());
        }
    }
}
