//! Msgpack as JSON: one line, nothing left out.
//!
//! - Integers are written with all their digits, however large. Floats are written so that they read back the same;
//!   `NaN` and the infinities, which JSON does not have, as text.
//! - Binary values are text where they are UTF-8. In what is not UTF-8 each such byte becomes `\xHH` and each
//!   backslash two; the caller is told, as it could not be seen from the text.
//! - Ext values become `{"$ext":TYPE,"$hex":"…"}`, an `EventTime` a number of seconds with nine decimals.
//! - Keys that are not text are written as text. Keys that come twice are written twice. Within a key that is an array or a
//!   map all keys must be text: each level would double the backslashes of the one below.

use std::io::Write;

use crate::msgpack::{Flaw, Reader, Token};

/// Deepest nesting.
const DEPTH_MAX: usize = 100;

/// Appends the value at the beginning of `msgpack` to `out` as JSON; tells whether all of its texts were UTF-8.
pub fn write_json(msgpack: &[u8], out: &mut Vec<u8>) -> Result<bool, Flaw> {
    let mut writer = Writer { reader: Reader::new(msgpack), out, utf8: true, in_key: false };
    writer.value(0)?;
    Ok(writer.utf8)
}

struct Writer<'a, 'o> {
    reader: Reader<'a>,
    out: &'o mut Vec<u8>,
    utf8: bool,
    in_key: bool,
}

impl Writer<'_, '_> {
    fn value(&mut self, depth: usize) -> Result<(), Flaw> {
        if depth > DEPTH_MAX {
            return Err(Flaw::Deep(DEPTH_MAX));
        }
        match self.reader.token()? {
            Token::Array(count) => self.array(count, depth),
            Token::Map(pairs) => self.map(pairs, depth),
            token => {
                self.scalar(token);
                Ok(())
            }
        }
    }

    fn array(&mut self, count: u32, depth: usize) -> Result<(), Flaw> {
        self.out.push(b'[');
        for i in 0..count {
            if i > 0 {
                self.out.push(b',');
            }
            self.value(depth + 1)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn map(&mut self, pairs: u32, depth: usize) -> Result<(), Flaw> {
        self.out.push(b'{');
        for i in 0..pairs {
            if i > 0 {
                self.out.push(b',');
            }
            self.key(depth)?;
            self.out.push(b':');
            self.value(depth + 1)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn key(&mut self, depth: usize) -> Result<(), Flaw> {
        let start = self.reader.clone();
        if let Token::Str(text) | Token::Bin(text) = self.reader.token()? {
            self.text(text);
            return Ok(());
        }
        if self.in_key {
            return Err(Flaw::Unexpected("a key within a key is no text"));
        }
        // What JSON would be inside of the text is written first, and then as text.
        self.in_key = true;
        self.reader = start;
        let mut inner = Vec::new();
        std::mem::swap(self.out, &mut inner);
        let written = self.value(depth + 1);
        std::mem::swap(self.out, &mut inner);
        self.in_key = false;
        written?;
        let inner = inner
            .strip_prefix(b"\"")
            .and_then(|i| i.strip_suffix(b"\""))
            .map_or(inner.clone(), <[u8]>::to_vec);
        self.text(&inner);
        Ok(())
    }

    fn scalar(&mut self, token: Token<'_>) {
        match token {
            Token::Str(text) | Token::Bin(text) => self.text(text),
            Token::Nil => self.out.extend_from_slice(b"null"),
            Token::Bool(yes) => self.out.extend_from_slice(if yes { b"true" } else { b"false" }),
            Token::Uint(n) => self.print(format_args!("{n}")),
            Token::Int(n) => self.print(format_args!("{n}")),
            Token::F32(n) if n.is_finite() => self.print(format_args!("{n:?}")),
            Token::F64(n) if n.is_finite() => self.print(format_args!("{n:?}")),
            Token::F32(n) => self.not_finite(f64::from(n)),
            Token::F64(n) => self.not_finite(n),
            Token::Ext(kind, bytes) => self.ext(kind, bytes),
            // Not scalars; the caller has taken them.
            Token::Array(_) | Token::Map(_) => {}
        }
    }

    fn print(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing to memory does not fail.
        let _ = self.out.write_fmt(what);
    }

    fn not_finite(&mut self, n: f64) {
        let name = match (n.is_nan(), n > 0.0) {
            (true, _) => "\"NaN\"",
            (false, true) => "\"Infinity\"",
            (false, false) => "\"-Infinity\"",
        };
        self.out.extend_from_slice(name.as_bytes());
    }

    fn ext(&mut self, kind: i8, bytes: &[u8]) {
        if let Some((seconds, nanos)) = event_time(kind, bytes) {
            self.print(format_args!("{seconds}.{nanos:09}"));
            return;
        }
        self.print(format_args!("{{\"$ext\":{kind},\"$hex\":\""));
        for byte in bytes {
            self.print(format_args!("{byte:02x}"));
        }
        self.out.extend_from_slice(b"\"}");
    }

    fn text(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        match std::str::from_utf8(bytes) {
            Ok(_) => self.escaped(bytes, b"\\\\"),
            Err(_) => {
                self.utf8 = false;
                for part in bytes.utf8_chunks() {
                    self.escaped(part.valid().as_bytes(), b"\\\\\\\\");
                    for byte in part.invalid() {
                        self.print(format_args!("\\\\x{byte:02x}"));
                    }
                }
            }
        }
        self.out.push(b'"');
    }

    fn escaped(&mut self, text: &[u8], backslash: &[u8]) {
        let mut rest = text;
        while let Some(at) = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)) {
            let (plain, from) = rest.split_at(at);
            self.out.extend_from_slice(plain);
            match from.first() {
                Some(b'"') => self.out.extend_from_slice(b"\\\""),
                Some(b'\\') => self.out.extend_from_slice(backslash),
                Some(b'\n') => self.out.extend_from_slice(b"\\n"),
                Some(b'\r') => self.out.extend_from_slice(b"\\r"),
                Some(b'\t') => self.out.extend_from_slice(b"\\t"),
                Some(byte) => self.print(format_args!("\\u{byte:04x}")),
                None => {}
            }
            rest = from.get(1..).unwrap_or(&[]);
        }
        self.out.extend_from_slice(rest);
    }
}

/// Seconds and nanoseconds of an `EventTime`.
pub(crate) fn event_time(kind: i8, bytes: &[u8]) -> Option<(u32, u32)> {
    let (0, &[a, b, c, d, e, f, g, h]) = (kind, bytes) else { return None };
    let (seconds, nanos) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
    (nanos < 1_000_000_000).then_some((seconds, nanos))
}
