//! How a store is kept.

use gastrolog_format::FooterBudget;

use crate::wal::Durability;

/// The most a row group may aim at: a column of it must stay below what one stream may unfold to.
pub(super) const ROW_GROUP_BYTES_MAX: u64 = 128 << 20;

/// How a store is kept.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// When a record counts as accepted.
    pub durability: Durability,
    /// Bytes of text that make a row group (at most 128 MiB).
    pub row_group_bytes: u64,
    /// When a chunk is sealed.
    pub seal: SealPolicy,
    /// When a chunk is removed.
    pub retention: Retention,
    /// How much a footer may keep of the values of fields.
    pub footer_budget: FooterBudget,
    /// A batch with as many bytes of text goes straight to a chunk and not by way of the log.
    pub direct_bytes: u64,
    /// Bytes of the disk that are kept free, so that chunks can be removed though it is full; 0: none.
    pub reserve_bytes: u64,
}

impl Default for StoreOptions {
    fn default() -> StoreOptions {
        StoreOptions {
            durability: Durability::Fsync,
            row_group_bytes: 8 << 20,
            seal: SealPolicy::default(),
            retention: Retention::default(),
            footer_budget: FooterBudget::default(),
            direct_bytes: 4 << 20,
            reserve_bytes: 16 << 20,
        }
    }
}

impl StoreOptions {
    /// With every value in its range.
    pub(super) fn checked(self) -> StoreOptions {
        StoreOptions { row_group_bytes: self.row_group_bytes.clamp(1, ROW_GROUP_BYTES_MAX), ..self }
    }
}

/// When a chunk is sealed: as soon as one of these is reached.
#[derive(Clone, Copy, Debug)]
pub struct SealPolicy {
    /// Bytes of text.
    pub bytes: u64,
    /// Milliseconds since the chunk was begun; records that have waited as long for a row group are sealed with it.
    pub age_ms: Option<u64>,
    /// Records.
    pub records: Option<u64>,
    /// Bytes of its file.
    pub file_bytes: Option<u64>,
}

impl Default for SealPolicy {
    fn default() -> SealPolicy {
        SealPolicy { bytes: 512 << 20, age_ms: None, records: None, file_bytes: None }
    }
}

/// When sealed chunks are removed, oldest first. Nothing set: never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retention {
    /// Milliseconds since the newest record of the chunk arrived.
    pub age_ms: Option<u64>,
    /// Bytes of all files of the store.
    pub bytes: Option<u64>,
}
