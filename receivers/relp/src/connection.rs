//! A session: frames in, what they carry into the store, answers out in the same order.

use std::time::Duration;

use gastrolog_net::{FrameMemory, OutOfMemory, Stream, read_some, store_or_hand_back};
use gastrolog_types::{Attributes, Batch, Timestamp};
use tokio::io::AsyncWriteExt;

use crate::frame::{Broken, Command, Decoder};
use crate::receiver::Shared;

/// What has come already is read up to this, so that a window of messages shares one batch.
const BURST_BYTES: usize = 64 << 10;
/// What a message costs beside its text: its place in the batch, its answer.
const MESSAGE_BYTES: usize = 64;
/// How long a client may take to read an answer.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// The answer to `open`. Version 1 is not offered: librelp gives up when it is.
const WELCOME: &str = concat!(
    "200 OK\nrelp_version=0\nrelp_software=gastrolog,",
    env!("CARGO_PKG_VERSION"),
    "\ncommands=syslog"
);

/// Serves a connection until it ends, is silent for too long, or the receiver has to stop.
pub(crate) async fn serve(stream: Stream, shared: &Shared) {
    let peer = stream.peer().ip().to_canonical().to_string();
    let base = [("receiver", shared.name.as_bytes().to_vec()), ("peer", peer.into_bytes())];
    let truncated = base.clone().into_iter().chain([("truncated", b"true".to_vec())]);
    let mut session = Session {
        plain: Attributes::new(base.clone()),
        truncated: Attributes::new(truncated),
        decoder: Decoder::new(shared.message_bytes_max),
        memory: FrameMemory::new(&shared.memory, shared.message_bytes_max),
        opened: false,
        stream,
        shared,
    };
    session.run().await;
}

struct Session<'a> {
    stream: Stream,
    decoder: Decoder,
    memory: FrameMemory,
    opened: bool,
    plain: Attributes,
    truncated: Attributes,
    shared: &'a Shared,
}

/// What was read at once, and what to say when it is stored.
#[derive(Default)]
struct Turn {
    batch: Batch,
    answers: Vec<u8>,
    last: bool,
}

impl Session<'_> {
    async fn run(&mut self) {
        let shutdown = &self.shared.patience.shutdown;
        loop {
            let room = tokio::select! {
                () = shutdown.wait() => break,
                room = self.memory.make_room(self.decoder.waiting()) => room,
            };
            if let Err(e) = room {
                return self.give_up(e);
            }
            let read = tokio::select! {
                () = shutdown.wait() => break,
                read = tokio::time::timeout(
                    self.memory.idle(self.shared.idle),
                    read_some(&mut self.stream, self.decoder.space()),
                ) => read,
            };
            // A reset and silence end a connection like its close does.
            if !matches!(read, Ok(Ok(1..))) {
                return;
            }
            self.read_what_has_come().await;
            if !self.turn().await {
                return;
            }
        }
        self.read_what_has_come().await;
        if self.turn().await {
            self.answer(b"0 serverclose 0\n").await;
            // The client has the hint; how the connection then ends does not matter.
            let _ = self.stream.shutdown().await;
        }
    }

    async fn read_what_has_come(&mut self) {
        while self.decoder.waiting() < BURST_BYTES {
            // Polled once: what is there, but nothing that is still to come.
            let buf = self.decoder.append();
            let read = tokio::time::timeout(Duration::ZERO, read_some(&mut self.stream, buf)).await;
            if !matches!(read, Ok(Ok(1..))) {
                return;
            }
        }
    }

    /// Works on what was read; false when the session is over.
    async fn turn(&mut self) -> bool {
        let mut turn = Turn::default();
        if let Err(broken) = self.take(&mut turn) {
            let peer = self.stream.peer().ip().to_canonical();
            self.shared.counters.malformed(peer, broken, self.decoder.rest());
            self.shared.counters.said(format_args!("{} does not speak RELP: {broken}", self.stream.peer()));
            tracing::warn!(peer = %self.stream.peer(), error = %broken, "this is not RELP; the connection is closed");
            turn.last = true;
        }
        if !turn.batch.is_empty() {
            let Shared { sink, counters, patience, memory, .. } = self.shared;
            let bytes = turn.batch.text.len() + turn.batch.len() * MESSAGE_BYTES;
            let _held = match memory.acquire(bytes).await {
                Ok(held) => held,
                Err(e) => {
                    self.give_up(e);
                    return false;
                }
            };
            let stored = store_or_hand_back(sink.clone(), turn.batch, counters, patience).await;
            if let Err(e) = stored {
                tracing::warn!(peer = %self.stream.peer(), error = %e, "closed unacknowledged; the client has the messages");
                return false;
            }
        }
        let answered = self.answer(&turn.answers).await;
        if turn.last {
            // As above: nothing more is expected.
            let _ = self.stream.shutdown().await;
        }
        answered && !turn.last
    }

    /// The client has what was not answered.
    fn give_up(&self, why: OutOfMemory) {
        self.shared.counters.fault();
        self.shared.counters.said(format_args!("{}: closed unacknowledged: {why}", self.stream.peer()));
    }

    fn take(&mut self, turn: &mut Turn) -> Result<(), Broken> {
        let ingest = (self.shared.clock)();
        while let Some(frame) = self.decoder.next()? {
            let number = frame.number;
            match frame.command {
                Command::Open => {
                    self.opened = true;
                    respond(&mut turn.answers, number, WELCOME);
                }
                // Without `open` the other end does not know what was agreed on.
                Command::Syslog if !self.opened => return Err(Broken::Command),
                Command::Syslog => {
                    let attributes = if frame.truncated { &self.truncated } else { &self.plain };
                    // The payload's own LF is part of the protocol, as in a file.
                    let text = frame.data.strip_suffix(b"\n").unwrap_or(frame.data);
                    if frame.truncated {
                        self.shared.counters.too_long(text, attributes);
                    }
                    turn.batch.push(text, attributes, ingest, Timestamp::NONE);
                    respond(&mut turn.answers, number, "200 OK");
                }
                Command::Close => {
                    respond(&mut turn.answers, number, "200 OK");
                    turn.last = true;
                    return Ok(());
                }
                Command::Other => {
                    let peer = self.stream.peer().ip().to_canonical();
                    self.shared.counters.malformed(peer, "this command is not known", frame.data);
                    respond(&mut turn.answers, number, "500 this command is not known");
                }
            }
        }
        Ok(())
    }

    async fn answer(&mut self, bytes: &[u8]) -> bool {
        let write = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        matches!(tokio::time::timeout(WRITE_LIMIT, write).await, Ok(Ok(())))
    }
}

fn respond(answers: &mut Vec<u8>, number: u32, text: &str) {
    answers.extend_from_slice(format!("{number} rsp {} {text}\n", text.len()).as_bytes());
}
