//! Connections: accepted up to a limit, read no faster than the store takes.

use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::{DropReason, Incoming};
use gastrolog_types::Timestamp;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::framer::{Framer, Message};
use crate::peers::PeerSets;
use crate::receiver::Shared;

/// Read at once.
const READ_BYTES: usize = 16 << 10;
/// Reads of what has come already, when the receiver stops.
const READS_AT_END: usize = 64;
/// Pause after a failed accept (no descriptors left, for one).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until shutdown, then waits for the connections to end.
///
/// Over the limit nothing is refused: who connects waits in the system's queue until another leaves.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let permits = Arc::new(Semaphore::new(shared.connections_max));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let permit = permits.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = shared.shutdown.wait() => break,
            Some(_) = connections.join_next() => continue,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let shared = shared.clone();
                let sets = PeerSets::new(&shared.name, peer.ip());
                connections.spawn(async move {
                    Connection { stream, sets, shared: &shared }.run().await;
                    drop(permit);
                });
            }
            Err(e) => {
                shared.counters.fault();
                shared.counters.said(format_args!("accepting a connection failed: {e}"));
                tracing::warn!(error = %e, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    while connections.join_next().await.is_some() {}
}

struct Connection<'a> {
    stream: TcpStream,
    sets: PeerSets,
    shared: &'a Shared,
}

impl Connection<'_> {
    async fn run(mut self) {
        let mut framer = Framer::new(self.shared.message_bytes_max);
        loop {
            let read = tokio::select! {
                () = self.shared.shutdown.wait() => break,
                read = tokio::time::timeout(
                    self.shared.idle,
                    self.stream.read_buf(framer.space(READ_BYTES)),
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
            if !matches!(self.stream.try_read_buf(framer.space(READ_BYTES)), Ok(1..)) {
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
        self.shared.counters.received(1);
        if bad {
            self.shared.counters.parse_error();
        }
        let record = Incoming { text: message.text, attributes, ingest, source: Timestamp::NONE };
        if self.shared.batcher.try_push(&record) {
            return;
        }
        tokio::select! {
            () = self.shared.batcher.push(&record) => {}
            () = self.shared.out_of_time() => self.shared.counters.dropped(DropReason::Shutdown, 1),
        }
    }
}
