//! What every other crate speaks of: records, batches, timestamps, attributes, words.
//!
//! **Invariant:** the bytes of a record's text are never altered, not even when they are not UTF-8.
//! This crate reads no clock, opens no file and knows no format.

mod batch;
pub mod buffers;
mod histogram;
mod ids;
mod time;
mod value;
pub mod words;

pub use batch::{Attributes, Batch, NewRecord, Record};
pub use histogram::{BUCKET_ENDS_NS, Histogram, HistogramCounts};
pub use ids::{Seq, Timestamp};
pub use time::{TimeLayout, TimeReader, find_time};
pub use value::Value;
