//! Fluent Forward: where a message ends does not depend on how the stream is cut, and every entry becomes JSON.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use gastrolog_net::inflate::InflateLimits;
use gastrolog_receiver_fluent::{Entry, Flaw, Message, MessageLimits, Scanned, Scanner};

use super::sound;
use crate::Target;

pub(crate) const TARGETS: &[Target] = &[Target::new("fluent_messages", run, seeds)];

const LIMITS: MessageLimits =
    MessageLimits { bytes_max: 1 << 20, inflate: InflateLimits { bytes_max: 1 << 20, ratio_max: 50 } };

/// How much longer JSON may be than the msgpack it stands for: `\u0000` within a key within a text, and some.
const GROWTH_MAX: usize = 40;

fn text(text: &str) -> Vec<u8> {
    [&[0xd9, text.len() as u8], text.as_bytes()].concat()
}

fn array(of: &[Vec<u8>]) -> Vec<u8> {
    [&[0x90 | of.len() as u8], &of.concat()[..]].concat()
}

fn binary(bytes: &[u8]) -> Vec<u8> {
    [&[0xc5], &(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

/// A map with a text, binary, an ext, a float and a key that is no text.
fn record() -> Vec<u8> {
    let values = [text("log"), text("hi\n\"there\""), text("b"), binary(b"\xff\\")];
    let more = [text("e"), vec![0xd4, 5, 9], text("f"), vec![0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]];
    let odd = [array(&[text("k")]), vec![0xc0]];
    [&[0x85], &values.concat()[..], &more.concat(), &odd.concat()].concat()
}

/// The four modes, with options; then keys within keys.
fn seeds() -> Vec<Vec<u8>> {
    let time = vec![0xd7, 0, 0x65, 0x5a, 0, 0, 0, 0, 0, 1];
    let entry = array(&[time.clone(), record()]);
    let chunk = [&[0x81], &text("chunk")[..], &text("Zm9v")].concat();
    let gzip_of = |plain: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(plain).and_then(|()| gzip.finish()).unwrap_or_default()
    };
    let packed = binary(&gzip_of(&entry.repeat(3)));
    let compressed = [&[0x81], &text("compressed")[..], &text("gzip")].concat();
    let keys = [[0x81; 30].as_slice(), &text("k"), &[0xc0; 30]].concat();
    let messages = [
        array(&[text("app"), time.clone(), record(), chunk.clone()]),
        array(&[text("app"), array(&[entry.clone(), entry.clone()]), chunk.clone()]),
        array(&[text("app"), binary(&entry.repeat(2)), chunk]),
        array(&[text("app"), packed, compressed]),
        array(&[text("app"), time, keys]),
    ];
    let together = messages.concat();
    messages.into_iter().chain([together]).map(|m| [&[9], &m[..]].concat()).collect()
}

/// The first byte is the size of a read.
fn run(data: &[u8]) {
    let Some((&step, stream)) = data.split_first() else { return };
    let whole = scan(stream, usize::MAX);
    assert_eq!(scan(stream, usize::from(step).max(1)), whole);
    for bytes in &whole.0 {
        if let Ok(message) = Message::read(bytes, &LIMITS) {
            entries(message);
        }
    }
}

/// The messages of a stream that comes in pieces, and what ended them.
fn scan(stream: &[u8], step: usize) -> (Vec<Vec<u8>>, Option<Flaw>) {
    let (mut scanner, mut buffer, mut found) = (Scanner::default(), Vec::new(), Vec::new());
    for read in stream.chunks(step) {
        buffer.extend_from_slice(read);
        loop {
            match scanner.scan(&buffer) {
                Ok(Scanned::Whole(bytes)) => found.push(buffer.drain(..bytes).collect()),
                Ok(Scanned::Part) => break,
                Err(flaw) => return (found, Some(flaw)),
            }
        }
    }
    (found, None)
}

fn entries(message: Message) {
    let Ok(mut entries) = message.entries else { return };
    let (mut entry, most) = (Entry::default(), GROWTH_MAX * entries.rest().len() + 100);
    while let Ok(true) = entries.next(&mut entry) {
        assert!(sound::is_json(&entry.json), "{}", String::from_utf8_lossy(&entry.json));
        assert!(entry.metadata.is_empty() || sound::is_json(&entry.metadata));
        assert!(entry.json.len() + entry.metadata.len() <= most, "JSON of {} bytes", entry.json.len());
    }
}
