//! GELF: what a message says of itself, and chunks of messages from datagrams in any order.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use gastrolog_receiver_gelf::{Assembler, ChunkLimits, Taken, look};

use crate::Target;

pub(crate) const TARGETS: &[Target] =
    &[Target::new("gelf_message", message, messages), Target::new("gelf_chunks", chunks, datagrams)];

const LIMITS: ChunkLimits = ChunkLimits { messages_max: 4, bytes_max: 300, time: Duration::from_secs(5) };

fn messages() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"version":"1.1","host":"a","short_message":"hi","timestamp":1385053862.3072,"level":1,"_user":"x"}"#,
        r#"{"host":1,"short_message":null,"timestamp":"-1e999","level":"six"}"#,
        "[1]",
    ];
    texts.map(|t| t.as_bytes().to_vec()).to_vec()
}

/// A byte of length before each datagram.
fn datagrams() -> Vec<Vec<u8>> {
    let mut stream = Vec::new();
    for (number, part) in [(1u8, "lo\"}"), (0, "{\"a\":\"hel"), (1, "again")] {
        let datagram = [&[0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, number, 2], part.as_bytes()].concat();
        stream.push(datagram.len() as u8);
        stream.extend(datagram);
    }
    vec![stream]
}

fn message(data: &[u8]) {
    look(data);
}

fn chunks(data: &[u8]) {
    let mut assembler = Assembler::new(LIMITS);
    let (began, mut rest, mut datagrams) = (Instant::now(), data, 0u64);
    while let Some((&len, after)) = rest.split_first() {
        let (datagram, next) = after.split_at(usize::from(len).min(after.len()));
        datagrams += 1;
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, u16::from(len & 1)));
        // Time goes on in steps that the limit is a multiple of.
        let taken = assembler.take(datagram, peer, began + Duration::from_secs(datagrams / 16));
        if let Taken::Complete(message) = taken {
            assert!(message.len() <= data.len());
        }
        assert!(assembler.waiting() <= LIMITS.messages_max);
        rest = next;
    }
    assert!(assembler.given_up(began + Duration::from_secs(1_000_000)) <= datagrams);
    assert_eq!(assembler.waiting(), 0);
}
