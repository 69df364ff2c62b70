//! A sample as a line of JSON, without secrets.

use std::fmt::Write;

use super::SHOWN_BYTES_MAX;
use super::sampler::Sample;

/// What of the raw bytes is shown.
enum Shown {
    /// These, and whether they are only the beginning.
    Bytes(Vec<u8>, bool),
    /// None, for this reason.
    Nothing(&'static str),
    /// There are none.
    None,
}

/// The line.
pub(super) fn of(sample: &Sample) -> String {
    let words = |text: &str| match &sample.from.scrub {
        Some(scrub) => scrub.words(text),
        None => text.to_owned(),
    };
    let mut line = Line(String::from("{"));
    line.text("receiver", &sample.from.receiver);
    line.text("kind", &sample.from.kind);
    line.text("reason", sample.cause.name());
    if !sample.place.is_empty() {
        // A path has a slash, an address has none.
        let name = if sample.place.contains('/') { "file" } else { "peer" };
        line.text(name, &words(&sample.place));
    }
    line.text("error", &words(&sample.error));
    line.number("bytes", sample.bytes as u64);
    if sample.left_out > 0 {
        line.number("left_out", sample.left_out);
    }
    match shown(sample) {
        Shown::Bytes(raw, whole) => {
            line.text("raw", &readable(&raw));
            if !whole {
                line.name("raw_cut");
                line.0.push_str("true");
            }
        }
        Shown::Nothing(why) => line.text("raw_left_out", why),
        Shown::None => {}
    }
    line.0.push('}');
    line.0
}

fn shown(sample: &Sample) -> Shown {
    let is_all = sample.raw.len() == sample.bytes;
    let raw = match &sample.from.scrub {
        _ if sample.raw.is_empty() => {
            return if sample.bytes == 0 { Shown::None } else { Shown::Nothing("not kept") };
        }
        None => sample.raw.clone(),
        // Half of a secret looks like none.
        Some(_) if !is_all => return Shown::Nothing("too long to be redacted"),
        Some(_) if sample.packed => return Shown::Nothing("compressed: it cannot be redacted"),
        Some(scrub) => match scrub.raw(&sample.raw) {
            Ok(raw) => raw,
            Err(why) => return Shown::Nothing(why),
        },
    };
    let begin = raw.get(..SHOWN_BYTES_MAX).unwrap_or(&raw);
    Shown::Bytes(begin.to_vec(), is_all && begin.len() == raw.len())
}

/// Bytes that are not UTF-8 are written out, as the command does for a terminal.
fn readable(raw: &[u8]) -> String {
    let mut out = String::with_capacity(raw.len());
    for chunk in raw.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail, here and below.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

struct Line(String);

impl Line {
    fn name(&mut self, name: &str) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        let _ = write!(self.0, "{comma}\"{name}\":");
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.0.extend(['\\', c]),
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                '\t' => self.0.push_str("\\t"),
                c if c.is_control() => {
                    let _ = write!(self.0, "\\u{:04x}", u32::from(c));
                }
                c => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        let _ = write!(self.0, "{number}");
    }
}
