//! Sets of distinct values.

use std::collections::BTreeSet;

use hashbrown::HashTable;

use crate::Value;
use crate::hashes::mix;
use crate::interner::Interner;

/// All distinct values of a group. Addresses, which are what is mostly counted, are kept as the numbers they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distinct {
    addresses: HashTable<u32>,
    texts: Interner,
}

impl Distinct {
    pub(crate) fn add(&mut self, value: &[u8]) {
        match ipv4(value) {
            Some(address) => self.add_address(address),
            None => {
                self.texts.number(value);
            }
        }
    }

    #[inline]
    fn add_address(&mut self, address: u32) {
        let hash = mix(u64::from(address));
        if self.addresses.find(hash, |&known| known == address).is_none() {
            self.addresses.insert_unique(hash, address, |&known| mix(u64::from(known)));
        }
    }

    /// Adds the texts of addresses.
    pub(crate) fn add_addresses(&mut self, addresses: &[u32]) {
        addresses.iter().for_each(|&address| self.add_address(address));
    }

    pub(crate) fn merge(&mut self, mut other: Distinct) {
        if self.addresses.len() < other.addresses.len() {
            std::mem::swap(&mut self.addresses, &mut other.addresses);
        }
        other.addresses.into_iter().for_each(|address| self.add_address(address));
        if self.texts.strings().len() < other.texts.strings().len() {
            std::mem::swap(&mut self.texts, &mut other.texts);
        }
        other.texts.strings().iter().for_each(|text| {
            self.texts.number(text);
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.addresses.len() + self.texts.strings().len()
    }

    /// Memory, in values of some 50 bytes.
    pub(crate) fn held(&self) -> usize {
        self.addresses.len() / 6 + self.texts.strings().len() / 2 + self.texts.strings().bytes().len() / 50
    }
}

/// The address that is written so, if it is written in the one usual way: then no other text is the same address.
#[inline]
pub(crate) fn ipv4(text: &[u8]) -> Option<u32> {
    if !(7..=15).contains(&text.len()) {
        return None;
    }
    let (mut address, mut part, mut digits, mut dots) = (0u32, 0u32, 0, 0);
    for &b in text {
        if b == b'.' {
            if digits == 0 || part > 255 {
                return None;
            }
            address = address << 8 | part;
            (part, digits, dots) = (0, 0, dots + 1);
        } else {
            let digit = b.wrapping_sub(b'0');
            if digit > 9 || digits == 3 || (digits > 0 && part == 0) {
                return None;
            }
            part = part * 10 + u32::from(digit);
            digits += 1;
        }
    }
    (dots == 3 && digits > 0 && part < 256).then_some(address << 8 | part)
}

/// The smallest distinct values of a group by bytes, at most so many.
#[derive(Clone, Debug)]
pub(crate) struct Smallest {
    most: usize,
    values: BTreeSet<Vec<u8>>,
    /// Bytes of all values.
    text_bytes: usize,
}

impl Smallest {
    pub(crate) fn new(most: u64) -> Smallest {
        Smallest { most: usize::try_from(most).unwrap_or(usize::MAX), values: BTreeSet::new(), text_bytes: 0 }
    }

    pub(crate) fn add(&mut self, value: &[u8]) {
        let full = self.values.len() >= self.most;
        if full && self.values.last().is_none_or(|last| value >= last.as_slice()) {
            return;
        }
        if self.values.insert(value.to_vec()) {
            self.text_bytes += value.len();
        }
        if self.values.len() > self.most {
            let gone = self.values.pop_last();
            self.text_bytes -= gone.map_or(0, |value| value.len());
        }
    }

    pub(crate) fn merge(&mut self, other: &Smallest) {
        other.values.iter().for_each(|value| self.add(value));
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// About what it takes in memory: a first node has room for eleven values.
    pub(crate) fn bytes(&self) -> usize {
        let nodes = if self.values.is_empty() { 0 } else { 300 };
        size_of::<Smallest>() + nodes + 56 * self.values.len() + self.text_bytes
    }

    /// The values with `, ` between; nothing if there are none.
    pub(crate) fn value(self) -> Value {
        if self.values.is_empty() {
            return Value::Null;
        }
        let values: Vec<Vec<u8>> = self.values.into_iter().collect();
        Value::Text(values.join(&b", "[..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_only_looks_like_one() {
        let mut set = Distinct::default();
        for text in [
            "10.0.0.1",
            "10.0.0.1",
            "10.0.0.01",
            "010.0.0.1",
            "10.0.0.256",
            "10.0.0",
            "10.0.0.1.",
            "",
            "10.0.0.255",
        ] {
            set.add(text.as_bytes());
        }
        assert_eq!(set.len(), 8);
        assert_eq!(ipv4(b"255.0.16.1"), Some(0xff00_1001));
        let mut other = Distinct::default();
        ["10.0.0.255", "10.0.0.2", "10.0.0"].iter().for_each(|text| other.add(text.as_bytes()));
        other.merge(set);
        assert_eq!(other.len(), 9);
    }
}
