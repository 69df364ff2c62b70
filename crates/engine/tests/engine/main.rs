//! Tests of the engine through its façade, in one binary: linking is most of what a test binary costs.

mod charts;
mod explain;
mod format;
mod oracle;
mod stage_model;
mod stage_tables;
mod stages;
mod support;
mod victorialogs;
