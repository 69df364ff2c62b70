//! The query language: its grammar, its syntax tree, and the one definition of what a query means.
//!
//! **Invariants:** [`Query`] printed and parsed again is the same tree. [`matches`] alone says which records a
//! filter selects; whatever the planner and the executor do must come to the same answer.

pub mod ast;
pub mod value;

pub use ast::*;
