//! Writes a structure (protobuf, msgpack, a journal entry) as one JSON line, and takes JSON apart without building it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Writes JSON to the end of a buffer. Commas are set where they belong; no byte of a text is lost: what is not UTF-8
/// stands in the string as it came, since a record is bytes.
#[derive(Debug, Default)]
pub struct JsonLine {
    out: Vec<u8>,
}

impl JsonLine {
    /// A writer that goes on at the end of `out`.
    pub fn on(out: Vec<u8>) -> JsonLine {
        JsonLine { out }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// What was written so far.
    pub fn bytes(&self) -> &[u8] {
        &self.out
    }

    /// Forgets what was written after the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
    }

    /// How many bytes were written.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// `{`
    pub fn begin_object(&mut self) {
        self.comma();
        self.out.push(b'{');
    }

    /// `}`
    pub fn end_object(&mut self) {
        self.out.push(b'}');
    }

    /// `[`
    pub fn begin_array(&mut self) {
        self.comma();
        self.out.push(b'[');
    }

    /// `]`
    pub fn end_array(&mut self) {
        self.out.push(b']');
    }

    /// The name of the member whose value comes next.
    pub fn key(&mut self, key: &[u8]) {
        self.string(key);
        self.out.push(b':');
    }

    /// A text.
    pub fn string(&mut self, text: &[u8]) {
        self.comma();
        self.out.push(b'"');
        let mut from = 0;
        for (at, &byte) in text.iter().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.out.extend_from_slice(text.get(from..at).unwrap_or_default());
            from = at + 1;
            self.escape(byte);
        }
        self.out.extend_from_slice(text.get(from..).unwrap_or_default());
        self.out.push(b'"');
    }

    fn escape(&mut self, byte: u8) {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => {
                self.out.extend_from_slice(b"\\u00");
                self.out.extend_from_slice(&hex_digits(byte));
                return;
            }
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }

    /// `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        self.raw(if value { b"true" } else { b"false" });
    }

    /// `null`
    pub fn null(&mut self) {
        self.raw(b"null");
    }

    /// A whole number.
    pub fn int(&mut self, value: i64) {
        self.raw(value.to_string().as_bytes());
    }

    /// A whole number that is not negative.
    pub fn uint(&mut self, value: u64) {
        self.raw(value.to_string().as_bytes());
    }

    /// A float, in the shortest form that gives it back (`3.0` keeps its point). JSON has no NaN and no infinity: they are
    /// the texts `"NaN"`, `"Infinity"`, `"-Infinity"`, as protobuf has them.
    pub fn float(&mut self, value: f64) {
        if value.is_nan() {
            self.string(b"NaN");
        } else if value.is_infinite() {
            self.string(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
        } else {
            self.raw(format!("{value:?}").as_bytes());
        }
    }

    /// Bytes as the text of their hexadecimal digits.
    pub fn hex(&mut self, bytes: &[u8]) {
        self.comma();
        self.out.push(b'"');
        for &byte in bytes {
            self.out.extend_from_slice(&hex_digits(byte));
        }
        self.out.push(b'"');
    }

    /// Bytes as base64 text, as protobuf has them in JSON.
    pub fn base64(&mut self, bytes: &[u8]) {
        self.comma();
        self.out.push(b'"');
        base64_into(bytes, &mut self.out);
        self.out.push(b'"');
    }

    /// Ends the line: what comes next needs no comma.
    pub fn end_line(&mut self) {
        self.out.push(b'\n');
    }

    /// A value that is JSON already, perhaps over several lines, on one line.
    pub fn compact(&mut self, json: &[u8]) {
        self.comma();
        let (mut inside, mut escaped) = (false, false);
        for &byte in json {
            if inside || !byte.is_ascii_whitespace() {
                self.out.push(byte);
            }
            inside ^= byte == b'"' && !escaped;
            escaped = inside && byte == b'\\' && !escaped;
        }
    }

    /// A value that is JSON already.
    pub fn raw(&mut self, json: &[u8]) {
        self.comma();
        self.out.extend_from_slice(json);
    }

    /// The value of a key that was written as a text by [`JsonLine::raw`] or [`JsonLine::string`].
    pub fn raw_after_key(&mut self, json: &[u8]) {
        self.out.push(b':');
        self.out.extend_from_slice(json);
    }

    /// Before a value or a key: a comma, unless it is the first of its container, or the value of a key.
    fn comma(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[' | b':' | b'\n')) {
            self.out.push(b',');
        }
    }
}

/// The two hexadecimal digits of `byte`.
fn hex_digits(byte: u8) -> [u8; 2] {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    [digit(byte >> 4), digit(byte & 15)]
}

/// Appends `bytes` in base64 with padding.
pub fn base64_into(bytes: &[u8], out: &mut Vec<u8>) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) as usize & 63;
            let digit = ALPHABET.get(index).copied().unwrap_or(b'A');
            out.push(if place <= chunk.len() { digit } else { b'=' });
        }
    }
}

/// Why a walk over JSON ended early: it is not what was expected, or `each` had enough.
pub type WalkResult = Result<(), serde_json::Error>;

/// Calls `each` with every element of the array that `json` is. Nothing is built: an array of millions costs nothing.
pub fn for_each_element<'a>(
    json: &'a str,
    each: impl FnMut(&'a RawValue) -> Result<(), String>,
) -> WalkResult {
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_seq(Elements(each))?;
    reader.end()
}

/// Calls `each` with every member of the object that `json` is, in order, those that come twice too.
pub fn for_each_member<'a>(
    json: &'a str,
    each: impl FnMut(Cow<'a, str>, &'a RawValue) -> Result<(), String>,
) -> WalkResult {
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_map(Members(each))?;
    reader.end()
}

/// The text that a JSON string means; `None` when `json` is something else.
pub fn text(json: &RawValue) -> Option<Cow<'_, str>> {
    let json = json.get();
    if !json.starts_with('"') {
        return None;
    }
    key_or_text(json)
}

fn key_or_text(json: &str) -> Option<Cow<'_, str>> {
    let mut reader = serde_json::Deserializer::from_str(json);
    Text.deserialize(&mut reader).ok()
}

struct Elements<F>(F);

impl<'de, F: FnMut(&'de RawValue) -> Result<(), String>> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element::<&'de RawValue>()? {
            (self.0)(element).map_err(serde::de::Error::custom)?;
        }
        Ok(())
    }
}

struct Members<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, &'de RawValue) -> Result<(), String>> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Text)? {
            (self.0)(key, map.next_value::<&'de RawValue>()?).map_err(serde::de::Error::custom)?;
        }
        Ok(())
    }
}

/// A string, borrowed where it has no escapes.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commas_escapes_and_numbers() {
        let mut line = JsonLine::default();
        line.begin_object();
        line.key(b"a\"b");
        line.string(b"x\n\x01\xff");
        line.key(b"n");
        line.begin_array();
        line.int(i64::MIN);
        line.uint(u64::MAX);
        line.float(3.0);
        line.float(f64::NAN);
        line.float(f64::NEG_INFINITY);
        line.begin_object();
        line.end_object();
        line.null();
        line.bool(true);
        line.end_array();
        line.key(b"h");
        line.hex(&[0, 0xaf]);
        line.end_object();
        let wanted: &[u8] =
            b"{\"a\\\"b\":\"x\\n\\u0001\xff\",\"n\":[-9223372036854775808,18446744073709551615,3.0,\"NaN\",\
                              \"-Infinity\",{},null,true],\"h\":\"00af\"}";
        assert_eq!(line.bytes(), wanted);
    }

    #[test]
    fn json_of_several_lines_becomes_one() {
        let mut line = JsonLine::default();
        line.compact(b" {\n \"a b\\\" \\\\\" : [ 1 ,\t\"c \" ] } ");
        assert_eq!(line.bytes(), b"{\"a b\\\" \\\\\":[1,\"c \"]}");
        line.end_line();
        line.begin_object();
        assert!(line.bytes().ends_with(b"}\n{"));
    }

    #[test]
    fn base64_of_every_length() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let wanted = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (text, wanted) in texts.iter().zip(wanted) {
            let mut out = Vec::new();
            base64_into(text.as_bytes(), &mut out);
            assert_eq!(out, wanted.as_bytes());
        }
    }

    #[test]
    fn walks_keep_order_repeats_and_escapes() {
        let mut seen = Vec::new();
        let json = r#" {"a":1,"b\n":[1, {"x":2}],"a":"\u00e9"} "#;
        for_each_member(json, |key, value| {
            seen.push((key.into_owned(), value.get().to_owned()));
            Ok(())
        })
        .unwrap();
        let wanted = [("a", "1"), ("b\n", r#"[1, {"x":2}]"#), ("a", r#""\u00e9""#)];
        assert_eq!(seen, wanted.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert!(for_each_element("[1,2", |_| Ok(())).is_err());
        assert!(for_each_element("[1]x", |_| Ok(())).is_err());
        assert!(for_each_element("{}", |_| Ok(())).is_err());
        assert!(
            for_each_element("[1]", |_| Err("enough".to_owned())).unwrap_err().to_string().contains("enough")
        );
    }

    proptest! {
        #[test]
        fn any_text_and_float_comes_back(text in ".*", float in any::<f64>()) {
            let mut line = JsonLine::default();
            line.begin_array();
            line.string(text.as_bytes());
            line.float(float);
            line.end_array();
            let back: (String, &RawValue) = serde_json::from_slice(line.bytes()).unwrap();
            prop_assert_eq!(&back.0, &text);
            if float.is_finite() {
                prop_assert_eq!(back.1.get().parse::<f64>().unwrap().to_bits(), float.to_bits());
            }
        }
    }
}
