//! Numbers distinct byte strings without an allocation for each.

use gastrolog_format::{Strings, secret_hash};
use hashbrown::HashTable;

/// Distinct strings, numbered from 0 in the order they were first met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interner {
    strings: Strings,
    table: HashTable<(u32, u32)>,
}

impl Interner {
    /// The number of `value`.
    #[inline]
    pub(crate) fn number(&mut self, value: &[u8]) -> u32 {
        let hash = secret_hash(value);
        let short = hash as u32;
        let strings = &self.strings;
        let same = |&(h, n): &(u32, u32)| h == short && strings.get(n as usize) == value;
        if let Some(&(_, number)) = self.table.find(hash, same) {
            return number;
        }
        let number = self.strings.len() as u32;
        self.strings.push(value);
        let strings = &self.strings;
        self.table.insert_unique(hash, (short, number), |&(_, n)| secret_hash(strings.get(n as usize)));
        number
    }

    /// The strings, by number, without the table.
    pub(crate) fn into_strings(self) -> Strings {
        self.strings
    }

    /// The strings, by number.
    pub(crate) fn strings(&self) -> &Strings {
        &self.strings
    }
}
