//! Tests of the query language from outside: text in, answers and errors out.

#[cfg(test)]
mod common;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod expr;
#[cfg(test)]
mod grammar;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod meaning;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod stages;
#[cfg(test)]
mod time;
#[cfg(test)]
mod trees;
