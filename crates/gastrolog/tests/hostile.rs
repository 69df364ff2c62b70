//! The command under attack: bombs, giants, queries made to explode, text that would steer a terminal, names that
//! would leave the data directory. Each attack is stored, cut with a flag, or refused with a clear error, and memory stays
//! under its bound; with `--nocapture` each prints a row of a table.
//!
//! `HOSTILE_LONG=1 cargo test --release -p gastrolog --test hostile -- --nocapture --test-threads 1` is the long form: the
//! giants at their full size.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on should stop")]

mod hostile {
    mod bombs;
    mod fields;
    mod giants;
    mod meter;
    mod names;
    mod network;
    mod queries;
    mod strings;
    mod terminal;
}
mod support;
