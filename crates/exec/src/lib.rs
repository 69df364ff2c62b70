//! Runs a plan over a snapshot of a store.
//!
//! **Invariant:** the answer equals that of a full scan with `gastrolog_query::matches`; memory is bounded; a query
//! stops soon after it is told to.

mod accumulate;
mod actual;
mod again;
mod answers;
mod automaton;
mod bits;
mod budget;
mod cache;
mod columnar;
mod context;
mod counted;
mod decimals;
mod error;
mod facts;
mod fields;
mod filter;
mod filters;
mod frequent;
mod groups;
mod hashes;
mod interner;
mod later;
mod output;
mod pace;
mod parallel;
mod pattern_words;
mod patterns;
mod pending;
mod postings;
mod record;
mod run;
mod shelf;
mod stages;
mod stats;
#[cfg(test)]
mod testing;
mod units;
mod values;
mod view;
mod words;

pub use actual::{Actual, ChunkActual, ConditionActual, DecodeCounts, StageActual};
pub use budget::{Budget, record_bytes, value_bytes};
pub use cache::{Cache, CacheBytes};
pub use error::{ExecError, Limit, Progress};
pub use facts::{plan_from, plan_over};
pub use output::{Answer, FoundRecord, InContext, Order, SideTable, Value};
pub use pace::Check;
pub use patterns::PatternTable;
pub use record::ParsedView;
pub use run::{Context, Request, missing_rows, run};
pub use stages::streams;
pub use units::Place;
