//! Carries the pieces of an answer from the engine's thread, which blocks, to the async side, which does not.
//!
//! Whatever has gathered when the async side looks is taken at once: a slow trickle arrives piece by piece, a flood
//! in large messages, and nobody waits for a batch to fill. The pipe holds at most [`PIPE_BYTES`] and one piece.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gastrolog_engine::{Answer, Cancel, EngineError, QueryEnd, Value};
use tokio::sync::Notify;

/// When the pipe holds this much, the engine waits.
const PIPE_BYTES: usize = 1 << 20;

/// A reader that takes nothing for this long while the pipe is full is given up: it keeps a thread, and files that
/// retention removed, from being freed.
const STALL: Duration = Duration::from_secs(600);

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
    given_up: bool,
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
pub(crate) struct Writer {
    shared: Arc<Shared>,
    stall: Duration,
}

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
    pipe_within(cancel, STALL)
}

fn pipe_within(cancel: Cancel, stall: Duration) -> (Writer, Reader) {
    let shared = Arc::new(Shared::default());
    (Writer { shared: shared.clone(), stall }, Reader { shared, cancel })
}

impl Writer {
    /// Puts a piece in, waiting for space. `false`: the reader has left, or takes nothing.
    pub(crate) fn push(&self, piece: Answer) -> bool {
        let bytes = size_of_piece(&piece);
        let is_full = |state: &mut State| state.bytes >= PIPE_BYTES && !state.reader_left;
        let waited = self.shared.space.wait_timeout_while(self.shared.lock(), self.stall, is_full);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        state.given_up |= waited.timed_out();
        if state.reader_left || state.given_up {
            return false;
        }
        state.bytes += bytes;
        state.pieces.push(piece);
        if state.pieces.len() == 1 {
            self.shared.arrived.notify_one();
        }
        true
    }

    /// Says how the query ended. A reader that was given up, and comes back, hears that the answer is not whole.
    pub(crate) fn finish(self, end: End) {
        let mut state = self.shared.lock();
        let given_up =
            || format!("nothing of the answer was read for {} s; it ends here", self.stall.as_secs());
        state.end = Some(if state.given_up { Err(EngineError::Cancelled(given_up())) } else { end });
    }
}

impl Drop for Writer {
    /// Also when the engine's thread died without a word, so that nobody waits for it.
    fn drop(&mut self) {
        let died = || Err(EngineError::Unavailable("the query ended without an answer".to_owned()));
        self.shared.lock().end.get_or_insert_with(died);
        self.shared.arrived.notify_one();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_given_up_and_told() {
        let (writer, mut reader) = pipe_within(Cancel::default(), Duration::from_millis(30));
        let pushed = tokio::task::spawn_blocking(move || {
            let piece = || Answer::Notice("x".repeat(PIPE_BYTES / 4));
            let pushed = (0..100).take_while(|_| writer.push(piece())).count();
            writer.finish(Ok(QueryEnd::default()));
            pushed
        });
        assert_eq!(pushed.await.unwrap(), 4);
        assert!(matches!(reader.next().await, Piece::Answers(pieces) if pieces.len() == 4));
        assert!(matches!(reader.next().await, Piece::End(Err(EngineError::Cancelled(_)))));
    }
}
