//! Counts over public logs, held against independent tools: a parser of a few lines, `jq`, `grep`, the tables that
//! others made of the same logs. The logs lie beside the project; without them these tests see nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod real {
    mod access;
    mod goldens;
    mod grok;
    mod json;
    mod loghub;
    mod tools;
}
mod support;
