//! The framer of syslog over TCP: the messages do not depend on how the stream is cut into reads.

use gastrolog_receiver_syslog::{Flaw, Framer};

use crate::Target;
use crate::corpus::file;

pub(crate) const TARGETS: &[Target] = &[Target::new("syslog_framer", run, seeds)];

fn seeds() -> Vec<Vec<u8>> {
    let log = file("logs/syslog.log");
    let lines: Vec<&[u8]> = log.split(|&b| b == b'\n').take(4).collect();
    let counted: Vec<u8> =
        lines.iter().flat_map(|l| [format!("{} ", l.len()).as_bytes(), l].concat()).collect();
    let mut mixed = lines.join(&b"\r\n"[..]);
    mixed.extend(&counted);
    mixed.extend(b"\0 16777217 x\n99999 cut off");
    vec![[b"\x20\x07".as_slice(), &counted].concat(), [b"\xff\x03".as_slice(), &mixed].concat()]
}

type Messages = Vec<(Vec<u8>, Option<Flaw>)>;

/// The first byte is the limit of a message, the second the size of a read.
fn run(data: &[u8]) {
    let Some((&[limit, step], stream)) = data.split_first_chunk::<2>() else { return };
    let limit = usize::from(limit).max(1);
    let pieces = messages(stream, limit, usize::from(step).max(1));
    assert!(pieces.iter().all(|(text, _)| !text.is_empty() && text.len() <= limit));
    assert_eq!(pieces, messages(stream, limit, usize::MAX));
}

fn messages(stream: &[u8], limit: usize, step: usize) -> Messages {
    let mut framer = Framer::new(limit);
    let mut found = Messages::new();
    for read in stream.chunks(step) {
        framer.space().extend_from_slice(read);
        while let Some(message) = framer.next() {
            found.push((message.text.to_vec(), message.flaw));
        }
    }
    found.extend(framer.finish().map(|m| (m.text.to_vec(), m.flaw)));
    found
}
