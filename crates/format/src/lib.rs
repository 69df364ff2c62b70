//! Pure encoding and decoding of everything that is on disk. `docs/format.md` shows the bytes.
//!
//! **Invariant:** decoding hostile bytes gives [`Corrupt`]; it never panics, never loops without end, and never
//! allocates more than the caps below allow. All integers are little-endian.

mod body;
mod bytes;
mod chunk_head;
pub mod column;
mod compress;
pub mod filter;
mod footer;
mod hash;
mod ids;
mod ints;
pub mod row_group;
mod shape;
mod strings;
pub mod words;

pub use body::{Body, Fallible, OUTSIDE};
pub use bytes::{Corrupt, Reader, Result, Writer, at_most};
pub use chunk_head::{CHUNK_HEAD_BYTES, CHUNK_VERSION, ChunkHead};
pub use compress::Compressor;
pub use footer::{FOOTER_BYTES_MAX, FieldStats, Footer, FooterBudget, RowGroupEntry, TRAILER_BYTES};
pub use hash::secret_hash;
pub use ids::Ids;
pub use shape::{COMPOSITE_NAMES_MAX, Composite, SHAPES_BYTES_MAX, SHAPES_MAX, Shape, Shapes};
pub use strings::Strings;

/// Most rows a row group may have.
pub const ROWS_MAX: usize = 1 << 22;

/// Most bytes one compressed stream may unfold to.
pub const STREAM_BYTES_MAX: usize = 1 << 28;

/// Most of anything that a file may say a chunk has: bytes, rows, values. The sum over millions of chunks fits a `u64`.
pub const CHUNK_SUM_MAX: u64 = 1 << 40;

/// Largest sequence number that a file may name: what is counted on from there fits a `u64`.
pub const SEQ_MAX: u64 = 1 << 62;
