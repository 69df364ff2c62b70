//! Dictionaries of addresses, read as such once and kept.

use std::sync::Arc;

use gastrolog_format::Strings;

use crate::accumulate::ipv4;
use crate::cache::{Decoded, Part};
use crate::view::View;

/// The entries of the dictionary of column `i` as addresses, if all are.
pub(super) fn of_entries(view: &View<'_>, i: u32, entries: &Strings) -> Option<Arc<Vec<u32>>> {
    let known = match view.cached.get(Part::Addresses(i)) {
        Some(Decoded::Rows(known)) => known,
        _ => {
            let read: Option<Vec<u32>> = entries.iter().map(ipv4).collect();
            let read = Arc::new(read.unwrap_or_default());
            view.cached.put(Part::Addresses(i), Decoded::Rows(read.clone()));
            read
        }
    };
    (known.len() == entries.len()).then_some(known)
}
