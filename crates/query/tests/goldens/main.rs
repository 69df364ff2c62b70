//! What other log tools expect of functions and templates that have a counterpart here, where their cases lie beside
//! the project; skipped elsewhere. Every difference is listed with its reason, and a new one fails.

#[cfg(test)]
mod shared;
#[cfg(test)]
mod victorialogs;
#[cfg(test)]
mod vrl;
