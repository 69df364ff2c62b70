//! Chunks: the write-ahead log, row groups on disk, sealing, reading and recovery.
//!
//! **Invariants:** what was acknowledged is recovered, once, byte for byte. An active chunk and a sealed one answer
//! alike. A sealed file never changes.

mod catalog;
mod kept;
mod read;
mod row_group;
mod rows;
mod scan;
mod sections;
mod store;
pub mod wal;

pub use read::{
    Chunk, ChunkFile, ChunkSummary, Pending, PieceError, ReadError, Snapshot, Stretch, chunk_name,
};
pub use row_group::{RowGroup, RowGroupId};
pub use sections::faults_of_sections;
pub use store::{
    Encoder, FlushError, ReadOnlyStore, RecompactPolicy, Recompacted, Recompaction, RecoveryReport,
    Retention, SealPolicy, Store, StoreError, StoreMeasures, StoreOptions, StoreStats,
};
