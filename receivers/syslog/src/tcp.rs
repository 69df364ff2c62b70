//! A connection: read no faster than the store takes.

use std::time::Duration;

use gastrolog_ingest::{DropReason, Incoming};
use gastrolog_net::{FrameMemory, Stream, read_some};
use gastrolog_types::Timestamp;

use crate::framer::{Framer, Message};
use crate::peers::{PeerSets, note};
use crate::receiver::Shared;

/// Reads of what has come already, when the receiver stops.
const READS_AT_END: usize = 64;

/// Takes messages until the connection ends, is silent for too long, or the receiver has to stop.
pub(crate) async fn serve(stream: Stream, shared: &Shared) {
    let sets = PeerSets::new(&shared.name, stream.peer().ip());
    let memory = FrameMemory::new(&shared.memory, shared.message_bytes_max);
    Connection { stream, sets, memory, shared }.run().await;
}

struct Connection<'a> {
    stream: Stream,
    sets: PeerSets,
    memory: FrameMemory,
    shared: &'a Shared,
}

impl Connection<'_> {
    async fn run(mut self) {
        let mut framer = Framer::new(self.shared.message_bytes_max);
        loop {
            let room = tokio::select! {
                () = self.shared.shutdown.wait() => break,
                room = self.memory.make_room(framer.waiting()) => room,
            };
            if let Err(e) = room {
                self.shared.counters.fault();
                self.shared
                    .counters
                    .said(format_args!("{}: closed in a long message: {e}", self.stream.peer()));
                break;
            }
            let read = tokio::select! {
                () = self.shared.shutdown.wait() => break,
                read = tokio::time::timeout(
                    self.memory.idle(self.shared.idle),
                    read_some(&mut self.stream, framer.space()),
                ) => read,
            };
            // A reset and silence end a connection like its close does.
            if !matches!(read, Ok(Ok(1..))) {
                break;
            }
            self.take_all(&mut framer).await;
        }
        if self.shared.shutdown.is_set() {
            self.take_what_has_come(&mut framer).await;
        }
        let ingest = (self.shared.clock)();
        if let Some(message) = framer.finish() {
            self.take(message, ingest).await;
        }
    }

    async fn take_what_has_come(&mut self, framer: &mut Framer) {
        for _ in 0..READS_AT_END {
            // Polled once: what is there, but nothing that is still to come.
            let read =
                tokio::time::timeout(Duration::ZERO, read_some(&mut self.stream, framer.space())).await;
            if !matches!(read, Ok(Ok(1..))) {
                return;
            }
            self.take_all(framer).await;
        }
    }

    async fn take_all(&self, framer: &mut Framer) {
        let ingest = (self.shared.clock)();
        while let Some(message) = framer.next() {
            self.take(message, ingest).await;
        }
    }

    async fn take(&self, message: Message<'_>, ingest: Timestamp) {
        let (attributes, bad) = self.sets.of(message.text, message.flaw);
        self.shared.counters.received_text(1, message.text.len());
        note(&self.shared.counters, message.text, attributes, message.flaw, bad);
        let record = Incoming { text: message.text, attributes, ingest, source: Timestamp::NONE };
        if self.shared.batcher.try_push(&record) {
            return;
        }
        tokio::select! {
            () = self.shared.batcher.push(&record) => {}
            () = self.shared.shutdown.wait_and(self.shared.drain) => self.shared.counters.dropped(DropReason::Shutdown, 1),
        }
    }
}
