//! An object a line. Text that is not UTF-8 comes as base64 under its name with `_base64` after it.

use std::collections::HashMap;
use std::io::{self, Write};

use gastrolog_engine::{FoundRecord, Value};

use super::{Out, Printer, Times};

/// What is said of the record. A field of it that is called so stands in its text alone: it must not be taken for this.
const OWN_NAMES: [&str; 6] = ["_time", "_ingest", "_seq", "_text", "_text_base64", "_context"];

/// Prints JSON lines.
pub(crate) struct Json {
    out: Out,
    times: Times,
    columns: Vec<String>,
}

impl Json {
    pub(crate) fn new(out: Out, times: Times) -> Json {
        Json { out, times, columns: Vec::new() }
    }
}

/// Writes the members of one object.
struct Object<'a> {
    out: &'a mut Out,
    first: bool,
}

impl Object<'_> {
    fn name(&mut self, name: &str) -> io::Result<()> {
        self.out.write_all(if self.first { b"{" } else { b"," })?;
        self.first = false;
        string(self.out, name)?;
        self.out.write_all(b":")
    }

    fn text(&mut self, name: &str, text: &[u8]) -> io::Result<()> {
        match std::str::from_utf8(text) {
            Ok(s) => {
                self.name(name)?;
                string(self.out, s)
            }
            Err(_) => {
                self.name(&format!("{name}_base64"))?;
                string(self.out, &base64(text))
            }
        }
    }

    fn texts(&mut self, name: &str, texts: &[&[u8]]) -> io::Result<()> {
        if let [one] = texts {
            return self.text(name, one);
        }
        let all: Result<Vec<&str>, _> = texts.iter().map(|t| std::str::from_utf8(t)).collect();
        match all {
            Ok(all) => {
                self.name(name)?;
                Ok(serde_json::to_writer(&mut *self.out, &all)?)
            }
            Err(_) => {
                self.name(&format!("{name}_base64"))?;
                let all: Vec<String> = texts.iter().map(|t| base64(t)).collect();
                Ok(serde_json::to_writer(&mut *self.out, &all)?)
            }
        }
    }

    fn time(&mut self, name: &str, time: &str) -> io::Result<()> {
        self.name(name)?;
        if time.is_empty() { self.out.write_all(b"null") } else { string(self.out, time) }
    }

    fn value(&mut self, name: &str, value: &Value, times: &Times) -> io::Result<()> {
        match value {
            Value::Text(text) => self.text(name, text),
            Value::Time(t) => self.time(name, &times.rfc3339(*t)),
            Value::Null => self.time(name, ""),
            Value::Int(n) => {
                self.name(name)?;
                write!(self.out, "{n}")
            }
            Value::Float(x) => {
                self.name(name)?;
                // What JSON has no number for becomes null.
                Ok(serde_json::to_writer(&mut *self.out, x)?)
            }
        }
    }

    fn values(&mut self, name: &str, values: &[&Value], times: &Times) -> io::Result<()> {
        if let [one] = values {
            return self.value(name, one, times);
        }
        let texts: Vec<_> = values.iter().filter_map(|value| value.text()).collect();
        self.texts(name, &texts.iter().map(|text| &**text).collect::<Vec<&[u8]>>())
    }

    fn end(self) -> io::Result<()> {
        self.out.write_all(if self.first { b"{}\n" } else { b"}\n" })
    }
}

impl Printer for Json {
    fn columns(&mut self, names: Vec<String>) -> io::Result<()> {
        self.columns = names;
        Ok(())
    }

    fn row(&mut self, values: Vec<Value>) -> io::Result<()> {
        let mut object = Object { out: &mut self.out, first: true };
        for (name, value) in self.columns.iter().zip(&values) {
            object.value(name, value, &self.times)?;
        }
        object.end()
    }

    fn record(&mut self, found: FoundRecord) -> io::Result<()> {
        let FoundRecord { record, fields, computed, context } = found;
        let is_computed = |name: &str| computed.iter().any(|(n, _)| n == name);
        let mut object = Object { out: &mut self.out, first: true };
        let times = [("_time", record.time()), ("_ingest", record.ingest)];
        for (name, time) in times.into_iter().filter(|(n, _)| !is_computed(n)) {
            object.time(name, &self.times.rfc3339(time))?;
        }
        if !is_computed("_seq") {
            object.name("_seq")?;
            write!(object.out, "{}", record.seq)?;
        }
        if !is_computed("_text") {
            object.text("_text", &record.text)?;
        }
        if context.is_some_and(|c| !c.matched) {
            object.name("_context")?;
            object.out.write_all(b"true")?;
        }
        let fields = fields.iter().map(|(n, v)| (n.as_str(), v.as_slice()));
        let own = record.attributes.iter().chain(fields);
        let own = own.filter(|(n, _)| !is_computed(n) && !OWN_NAMES.contains(n));
        for (name, values) in grouped(own) {
            object.texts(name, &values)?;
        }
        // What was renamed stands under its new name only.
        let computed = computed.iter().filter(|(_, v)| *v != Value::Null);
        for (name, values) in grouped(computed.map(|(n, v)| (n.as_str(), v))) {
            object.values(name, &values, &self.times)?;
        }
        object.end()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Values by name, in order of the first; an object has each name once, so several values become an array.
fn grouped<'a, T>(pairs: impl Iterator<Item = (&'a str, T)>) -> Vec<(&'a str, Vec<T>)> {
    let mut groups: Vec<(&str, Vec<T>)> = Vec::new();
    let mut at: HashMap<&str, usize> = HashMap::new();
    for (name, value) in pairs {
        let i = *at.entry(name).or_insert(groups.len());
        match groups.get_mut(i) {
            Some((_, values)) => values.push(value),
            None => groups.push((name, vec![value])),
        }
    }
    groups
}

fn string(out: &mut Out, s: &str) -> io::Result<()> {
    Ok(serde_json::to_writer(out, s)?)
}

/// Base64 of RFC 4648 section 4, padded.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit)) as usize & 63;
            let c = if digit <= three.len() { DIGITS.get(index).map_or('=', |d| *d as char) } else { '=' };
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_the_rfc() {
        let cases = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let expect = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (text, expected) in cases.iter().zip(expect) {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }
}
