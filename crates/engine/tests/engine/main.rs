//! Tests of the engine through its façade, in one binary: linking is most of what a test binary costs.

mod context;
mod explain;
mod fields;
mod follow;
mod format;
mod limits;
mod oracle;
mod pages;
mod patterns;
mod stages;
mod support;
