//! Carries the pieces of an answer from the engine's thread, which blocks, to the async side, which does not.
//!
//! Whatever has gathered when the async side looks is taken at once: a slow trickle arrives piece by piece, a flood
//! in large messages, and nobody waits for a batch to fill. The pipe holds at most [`PIPE_BYTES`] and one piece.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use gastrolog_engine::{Answer, Cancel, EngineError, QueryEnd, Value};
use tokio::sync::Notify;

/// When the pipe holds this much, the engine waits.
const PIPE_BYTES: usize = 1 << 20;

/// What a piece takes beside its text.
const PIECE_BYTES: usize = 64;

/// How a query ended.
pub(crate) type End = Result<QueryEnd, EngineError>;

#[derive(Default)]
struct State {
    pieces: Vec<Answer>,
    bytes: usize,
    end: Option<End>,
    reader_left: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    space: Condvar,
    arrived: Notify,
}

impl Shared {
    /// A thread that panicked while it held the lock left a state that is still whole: each change is one step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engine's end.
pub(crate) struct Writer(Arc<Shared>);

/// The async end. Dropping it cancels the query.
pub(crate) struct Reader {
    shared: Arc<Shared>,
    cancel: Cancel,
}

/// What comes out of the pipe.
pub(crate) enum Piece {
    /// Pieces in order, not empty.
    Answers(Vec<Answer>),
    /// The end; nothing comes after it.
    End(End),
}

/// A pipe; `cancel` is the token that the query watches.
pub(crate) fn pipe(cancel: Cancel) -> (Writer, Reader) {
    let shared = Arc::new(Shared::default());
    (Writer(shared.clone()), Reader { shared, cancel })
}

impl Writer {
    /// Puts a piece in, waiting for space. `false`: the reader has left.
    pub(crate) fn push(&self, piece: Answer) -> bool {
        let bytes = size_of_piece(&piece);
        let mut state = self.0.lock();
        while state.bytes >= PIPE_BYTES && !state.reader_left {
            state = self.0.space.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.reader_left {
            return false;
        }
        state.bytes += bytes;
        state.pieces.push(piece);
        if state.pieces.len() == 1 {
            self.0.arrived.notify_one();
        }
        true
    }

    /// Says how the query ended.
    pub(crate) fn finish(self, end: End) {
        self.0.lock().end = Some(end);
    }
}

impl Drop for Writer {
    /// Also when the engine's thread died without a word, so that nobody waits for it.
    fn drop(&mut self) {
        let died = || Err(EngineError::Unavailable("the query ended without an answer".to_owned()));
        self.0.lock().end.get_or_insert_with(died);
        self.0.arrived.notify_one();
    }
}

impl Reader {
    /// What has gathered; waits until there is something.
    pub(crate) async fn next(&mut self) -> Piece {
        loop {
            if let Some(piece) = self.take() {
                return piece;
            }
            self.shared.arrived.notified().await;
        }
    }

    fn take(&self) -> Option<Piece> {
        let mut state = self.shared.lock();
        if state.pieces.is_empty() {
            return state.end.take().map(Piece::End);
        }
        state.bytes = 0;
        let pieces = std::mem::take(&mut state.pieces);
        self.shared.space.notify_all();
        Some(Piece::Answers(pieces))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.shared.lock().reader_left = true;
        self.shared.space.notify_all();
    }
}

/// About what `piece` takes on the wire.
pub(crate) fn size_of_piece(piece: &Answer) -> usize {
    let value_bytes = |v: &Value| match v {
        Value::Text(t) => t.len() + 8,
        _ => 12,
    };
    PIECE_BYTES
        + match piece {
            Answer::Columns(names) => names.iter().map(|n| n.len() + 8).sum(),
            Answer::Notice(line) => line.len(),
            Answer::Row(values) => values.iter().map(value_bytes).sum(),
            Answer::Record(found) => {
                let fields: usize = found.fields.iter().map(|(n, v)| n.len() + v.len() + 8).sum();
                let attributes: usize =
                    found.record.attributes.iter().map(|(n, v)| n.len() + v.len() + 8).sum();
                let computed: usize = found.computed.iter().map(|(n, v)| n.len() + 8 + value_bytes(v)).sum();
                found.record.text.len() + fields + attributes + computed
            }
        }
}
