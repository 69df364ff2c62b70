//! Tests of the engine through its façade, in one binary: linking is most of what a test binary costs.

mod context;
mod explain;
mod format;
mod oracle;
mod patterns;

mod support;
