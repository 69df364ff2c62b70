//! The query language: its grammar, its syntax tree, and the one definition of what a query means.
//!
//! **Invariants:** [`Query`] printed and parsed again is the same tree. [`matches`] alone says which records a
//! filter selects; whatever the planner and the executor do must come to the same answer.

pub mod ast;
mod columns;
mod csv;
mod cursor;
mod error;
mod expr;
mod extract;
mod glob;
mod literal;
mod matching;
mod nearest;
mod number_text;
mod parse;
mod print;
mod print_calls;
mod print_stages;
mod regex;
mod regex_words;
mod required;
mod simplify;
mod text;
pub mod value;

pub use ast::*;
pub use columns::columns;
pub use csv::{CsvValues, csv_values};
pub use error::ParseError;
pub use matching::matches;
pub use nearest::nearest;
pub use parse::{ParseContext, QUERY_BYTES_MAX, parse};
pub use required::{required_words, required_words_of_value};
pub use value::{Number, canonical_number, parse_number};
