//! Connections: messages that end with NUL.

use std::time::Duration;

use gastrolog_ingest::{DropReason, Incoming};
use gastrolog_net::{FrameMemory, Stream, read_some};

use crate::message::look;
use crate::peers::{Flaw, Peer, note};
use crate::receiver::Shared;

/// Reads of what has come already, when the receiver stops.
const READS_AT_END: usize = 64;
/// A buffer larger than this is given back when little is in it: most connections are silent most of the time.
const KEPT_BYTES: usize = 1 << 10;

/// Takes messages until the connection ends, is silent for too long, or the receiver has to stop.
pub(crate) async fn serve(mut stream: Stream, shared: &Shared) {
    let peer = Peer::new(&shared.name, Some(stream.peer().ip()));
    let mut connection = Connection { buf: Vec::new(), searched: 0, skipping: false, peer, shared };
    let mut memory = FrameMemory::new(&shared.memory, shared.message_bytes_max);
    loop {
        let room = tokio::select! {
            () = shared.shutdown.wait() => break,
            room = memory.make_room(connection.buf.len()) => room,
        };
        if let Err(e) = room {
            shared.counters.fault();
            shared.counters.said(format_args!("{}: closed in a long message: {e}", stream.peer()));
            break;
        }
        let read = tokio::select! {
            () = shared.shutdown.wait() => break,
            read = tokio::time::timeout(memory.idle(shared.idle), read_some(&mut stream, &mut connection.buf)) => read,
        };
        // A reset and silence end a connection like its close does.
        if !matches!(read, Ok(Ok(1..))) {
            break;
        }
        connection.take_all().await;
    }
    if shared.shutdown.is_set() {
        for _ in 0..READS_AT_END {
            // Polled once: what is there, but nothing that is still to come.
            let read = read_some(&mut stream, &mut connection.buf);
            if !matches!(tokio::time::timeout(Duration::ZERO, read).await, Ok(Ok(1..))) {
                break;
            }
            connection.take_all().await;
        }
    }
    // Some do not end the last message.
    let rest = std::mem::take(&mut connection.buf);
    if !connection.skipping {
        connection.take(&rest, false).await;
    }
}

struct Connection<'a> {
    buf: Vec<u8>,
    /// Bytes at the beginning of `buf` that hold no NUL.
    searched: usize,
    /// The rest of a message that was too long is passed over.
    skipping: bool,
    peer: Peer,
    shared: &'a Shared,
}

impl Connection<'_> {
    async fn take_all(&mut self) {
        let mut buf = std::mem::take(&mut self.buf);
        let mut start = 0;
        while let Some(found) = buf.get(self.searched..).and_then(|new| memchr::memchr(0, new)) {
            let end = self.searched + found;
            if !std::mem::take(&mut self.skipping) {
                self.take(buf.get(start..end).unwrap_or(&[]), false).await;
            }
            start = end + 1;
            self.searched = start;
        }
        if self.skipping {
            start = buf.len();
        } else if buf.len() - start > self.shared.message_bytes_max {
            self.take(buf.get(start..).unwrap_or(&[]), true).await;
            start = buf.len();
            self.skipping = true;
        }
        buf.drain(..start);
        if buf.capacity() > KEPT_BYTES && buf.len() < buf.capacity() / 4 {
            buf.shrink_to_fit();
        }
        self.searched = buf.len();
        self.buf = buf;
    }

    async fn take(&self, text: &[u8], cut: bool) {
        let shared = self.shared;
        let (text, flaw) = shared.cut(text);
        if text.is_empty() {
            return;
        }
        let message = look(text);
        let flaw = flaw.or(cut.then_some(Flaw::Truncated));
        let flaw = flaw.or(message.problem.map(|why| Flaw::Problem(why.into())));
        shared.counters.received_text(1, text.len());
        let attributes = self.peer.attributes(flaw.as_ref());
        note(&shared.counters, text, &attributes, flaw.as_ref());
        let ingest = (shared.clock)();
        let record = Incoming { text, attributes: &attributes, ingest, source: message.source };
        if shared.batcher.try_push(&record) {
            return;
        }
        tokio::select! {
            () = shared.batcher.push(&record) => {}
            () = shared.shutdown.wait_and(shared.drain) => shared.counters.dropped(DropReason::Shutdown, 1),
        }
    }
}
