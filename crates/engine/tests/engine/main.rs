//! Tests of the engine through its façade, in one binary: linking is most of what a test binary costs.

mod charts;
mod explain;
mod faults;
mod format;
mod oracle;
mod stages;
mod support;
