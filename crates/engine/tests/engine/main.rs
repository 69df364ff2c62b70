//! Tests of the engine through its façade, in one binary: linking is most of what a test binary costs.

mod answers;
mod attributes;
mod charts;
mod clock;
mod context;
mod costs;
mod explain;
mod expressions;
mod faults;
mod fields;
mod filters;
mod flips;
mod follow;
mod format;
mod limits;
mod oracle;
mod pages;
mod patterns;
mod recompact;
mod shapes;
mod stage_model;
mod stage_tables;
mod stages;
mod storage;
mod support;
mod victorialogs;
