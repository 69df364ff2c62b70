//! The decoder of RELP: the frames do not depend on how the stream is cut into reads.

use gastrolog_receiver_relp::{Broken, Command, Decoder};

use crate::Target;
use crate::corpus::lines;

pub(crate) const TARGETS: &[Target] = &[Target::new("relp_frames", run, seeds)];

fn seeds() -> Vec<Vec<u8>> {
    let mut session = b"\x40\x09".to_vec();
    session.extend(b"1 open 33 relp_version=0\nrelp_software=test\n");
    for (i, line) in lines("syslog.log", 12).iter().enumerate() {
        session.extend(format!("{} syslog {} ", i + 2, line.len()).bytes());
        session.extend(line);
        session.push(b'\n');
    }
    session.extend(b"9 close 0\n");
    vec![session, b"\x03\x01999999999 syslog 999999999 abcdef".to_vec()]
}

type Seen = (u32, Command, Vec<u8>, bool);

/// The first byte is the limit of a frame, the second the size of a read.
fn run(data: &[u8]) {
    let Some((&[limit, step], stream)) = data.split_first_chunk::<2>() else { return };
    let limit = usize::from(limit).max(1);
    let pieces = frames(stream, limit, usize::from(step).max(1));
    assert!(pieces.0.iter().all(|(_, _, data, _)| data.len() <= limit));
    assert_eq!(pieces, frames(stream, limit, usize::MAX));
}

fn frames(stream: &[u8], limit: usize, step: usize) -> (Vec<Seen>, Option<Broken>) {
    let mut decoder = Decoder::new(limit);
    let mut seen = Vec::new();
    for read in stream.chunks(step) {
        decoder.space().extend_from_slice(read);
        loop {
            match decoder.next() {
                Ok(Some(frame)) => {
                    seen.push((frame.number, frame.command, frame.data.to_vec(), frame.truncated));
                }
                Ok(None) => break,
                Err(broken) => return (seen, Some(broken)),
            }
        }
    }
    (seen, None)
}
