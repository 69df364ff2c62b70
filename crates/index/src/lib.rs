//! How a record is understood: the [`Indexer`] trait, the ranges it names, and the [`Pipeline`] that asks each
//! indexer in turn.
//!
//! An indexer does one thing: it looks at the raw bytes of a record and *names byte ranges* in them. Everything
//! else (columns, templates, filters, what a field query means) follows from the ranges.
//!
//! **Invariant:** the ranges of a record depend on its bytes alone, so that a record has the same fields whether
//! it is stored as columns, as raw text, or not yet stored at all.

mod bounds;
mod builder;
mod fields;
mod pattern;
mod pipeline;
mod ranges;
pub mod scan;
mod unescape;

pub use builder::{Caps, RowGroupBuilder};
pub use fields::{any_field_in, source_time, time_span};
pub use pattern::{PatternFinder, PatternText, message_rank};
pub use pipeline::{Parsed, Pipeline};
pub use ranges::{Claim, Escape, Indexer, Mark, Name, NamePart, RangeSet, Span, TimeRole};
pub use unescape::unescape;
