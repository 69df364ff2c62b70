//! Tests of the query language from outside: text in, answers and errors out.

mod common;
mod errors;
mod grammar;
mod meaning;
mod round_trip;
mod time;
