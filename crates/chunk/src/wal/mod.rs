//! The write-ahead log: records that were accepted and are not yet in a row group.
//!
//! **Invariant:** what [`Wal::commit`] has returned for under [`Durability::Fsync`] is found by [`Wal::open`] after
//! any crash, once, byte for byte, until it is [released](Wal::release). What cannot be read is named in the
//! [`Report`], never passed over in silence.
//!
//! # The bytes
//!
//! All integers are little-endian. The log is a directory of segments, `<first seq, 20 digits>.wal`. A segment is
//! a header and frames without gaps between them:
//!
//! ```text
//! header   0  8  magic "GLOGWAL\n"
//!          8  4  version, 1
//!         12  4  mark: a random number that starts every frame of this segment
//!         16  8  seq of the first record of the segment
//!         24  4  CRC-32 of bytes 0..24
//!
//! frame    0  4  mark, as in the header
//!          4  4  length of the payload
//!          8  4  CRC-32 of bytes 0..8 and of everything from byte 12 to the end of the payload
//!         12  8  seq of the first record
//!         20  4  number of records, at least 1; 0 in a mark
//!         24  4  length of the payload when decompressed
//!         28  1  codec: 0 as it is, 1 LZ4 block, 2 a mark: no records, and the payload is
//!                   id of the chunk that grows (16), how much of it is durable (8), one past
//!                   the last seq in it (8)
//!         29  …  payload
//! ```
//!
//! The mark is how reading finds its way again after a damaged length. It is random, so that no text that somebody
//! sends to be logged can pose as a frame.
//!
//! The decompressed payload is one batch. `v` is an unsigned LEB128 number of at most 10 bytes, `z` a signed one
//! mapped to unsigned by zigzag (0, -1, 1, -2 … to 0, 1, 2, 3 …); differences wrap around at 64 bits.
//!
//! ```text
//! v  number of records
//! v  number of attribute sets
//!    for each set:     v number of pairs; for each pair: v length, name (UTF-8); v length, value
//!    for each record:  v 2 × index of its set, + 1 if it has a source time
//!                      z ingest time less that of the record before (less 0 for the first)
//!                      z source time less ingest time, if it has one
//!                      v length of its text
//! …  the texts, one after the other, to the end of the payload
//! ```
//!
//! # What is assumed of the disk
//!
//! A synced file keeps its content and a synced directory its names; everything else may be lost, in part and in any order.
//! So a segment is synced before the next one is made: only the *last* segment can end in a torn frame,
//! and that is cut off when the log is opened. A bad frame anywhere else is damage.
//!
//! After each sync a mark is written, which is not synced itself: it is on disk after the next sync, or when the system
//! writes it. What is bad before a mark is damage for certain. A bad end without a mark is a torn frame where it is cut
//! short or has sectors of zeros, and called doubtful where it is whole.
//!
//! # Versions
//!
//! 1: as above.

mod batch;
mod error;
mod frame;
mod log;
mod options;
mod recover;
mod scan;
#[cfg(test)]
mod tests;
mod varint;
mod waiting;
mod writer;

pub use batch::{MalformedBatch, decode_batch, encode_batch};
pub use error::{Result, WalError};
pub use frame::{Grown, Prepared};
pub use log::Wal;
pub use options::{Durability, Ticket, WalOptions};
pub use recover::Recovered;
pub use scan::{Damage, Report};

/// What the copy of a damaged segment is called: `<first seq>.damaged`. Nothing reads it.
pub const DAMAGED: &str = "damaged";

/// The longest text of one record. Longer ones are refused by [`Wal::append`].
pub const RECORD_BYTES_MAX: usize = 64 << 20;

/// The longest batch that a frame may hold, decompressed. Bounds what reading a frame may allocate.
pub const FRAME_BYTES_MAX: usize = 256 << 20;

/// Most records in a frame; a larger batch is split. Bounds the memory of a frame of empty records.
#[cfg(not(test))]
pub const FRAME_RECORDS_MAX: usize = 1 << 20;
/// Shrunk, so that tests split batches.
#[cfg(test)]
pub const FRAME_RECORDS_MAX: usize = 50;

/// A batch is split into frames of about this many bytes, so that reading back needs no more memory at a time.
#[cfg(not(test))]
const FRAME_BYTES_AIM: usize = 16 << 20;
#[cfg(test)]
const FRAME_BYTES_AIM: usize = 4 << 10;

/// The longest attribute set, names and values together.
pub const ATTRIBUTE_BYTES_MAX: usize = 16 << 20;

/// Most pairs in an attribute set: making a set compares each name with all others.
pub const ATTRIBUTE_PAIRS_MAX: usize = 1024;

/// Frames that nobody commits are held in memory up to this size, then written.
const BUFFER_BYTES_MAX: usize = 8 << 20;
