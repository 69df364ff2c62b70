//! Finds the shape of a record among those met before.
//!
//! Most records have the shape of one just before, so a candidate is guessed from sizes alone and compared in
//! place; only when it is another is anything hashed.

use gastrolog_format::{Shape, Shapes, secret_hash};
use hashbrown::HashTable;

use super::leaves::Leaves;
use crate::{Name, NamePart, RangeSet};

/// Places for candidates.
const RECENT: usize = 256;

/// What shapes are found by: everything that two records of one shape have in common, but for the bytes of the
/// literals, which stand in the shape.
#[derive(Debug)]
pub(super) struct Finder {
    /// The heads of all shapes, one after the other, and where each ends.
    heads: Vec<u64>,
    ends: Vec<usize>,
    table: HashTable<(u64, u32)>,
    recent: Vec<u32>,
    /// The head of the record at hand, and scratch for its literals.
    head: Vec<u64>,
    literals: Vec<u8>,
}

impl Finder {
    pub(super) fn new() -> Finder {
        Finder {
            heads: Vec::new(),
            ends: Vec::new(),
            table: HashTable::new(),
            recent: vec![u32::MAX; RECENT],
            head: Vec::new(),
            literals: Vec::new(),
        }
    }

    /// The shape of a record with these leaves and attributes, if it was met.
    pub(super) fn find(
        &mut self,
        record: &[u8],
        leaves: &Leaves,
        ranges: &RangeSet,
        attributes: u32,
        shapes: &Shapes,
    ) -> Option<u32> {
        self.set_head(record, leaves, ranges, attributes);
        let place = (leaves.literal_bytes * 7 + leaves.spans.len() * 31 + ranges.names().len()) % RECENT;
        let recent = self.recent.get(place).copied().unwrap_or(u32::MAX);
        if self.is_shape(recent, record, leaves, shapes) {
            return Some(recent);
        }
        let hash = self.hash(record, leaves);
        let same = |&(h, id): &(u64, u32)| h == hash && self.is_shape(id, record, leaves, shapes);
        let found = self.table.find(hash, same).map(|&(_, id)| id);
        // A shape not met before is about to get the next number.
        if let Some(recent) = self.recent.get_mut(place) {
            *recent = found.unwrap_or(self.ends.len() as u32);
        }
        found
    }

    /// The shape of records kept as text with these attributes, if it was met.
    pub(super) fn find_unparsed(&mut self, attributes: u32) -> Option<u32> {
        self.head.clear();
        self.head.extend([u64::from(attributes), u64::MAX]);
        let hash = self.hash(&[], &Leaves::default());
        let same = |&(h, id): &(u64, u32)| h == hash && self.head_of(id) == self.head;
        self.table.find(hash, same).map(|&(_, id)| id)
    }

    /// Remembers the shape that was last looked for and not found: the next number is its own.
    pub(super) fn add(&mut self, record: &[u8], leaves: &Leaves) {
        let hash = self.hash(record, leaves);
        let id = self.ends.len() as u32;
        self.heads.extend_from_slice(&self.head);
        self.ends.push(self.heads.len());
        self.table.insert_unique(hash, (hash, id), |&(h, _)| h);
    }

    fn set_head(&mut self, record: &[u8], leaves: &Leaves, ranges: &RangeSet, attributes: u32) {
        let head = &mut self.head;
        head.clear();
        let counts = (leaves.spans.len() as u64) << 32 | ranges.names().len() as u64;
        head.extend([u64::from(attributes), counts]);
        head.extend(ranges.names().iter().map(|&(parent, part)| name_word(parent, part)));
        let mut at = 0u32;
        head.extend(leaves.spans.iter().map(|leaf| {
            let literal_bytes = leaf.start.saturating_sub(at);
            at = leaf.end;
            let kind = u64::from(leaf.escape as u8 | (leaf.time as u8) << 4);
            u64::from(literal_bytes) << 32 | kind << 24 | short(leaf.name)
        }));
        head.push((record.len() as u64).saturating_sub(u64::from(at)));
        for c in &leaves.composites {
            let kind = u64::from(c.span.escape as u8 | (c.span.time as u8) << 4);
            head.push(kind << 24 | short(c.span.name));
            head.push(u64::from(c.start.0) << 32 | u64::from(c.start.1));
            head.push(u64::from(c.end.0) << 32 | u64::from(c.end.1));
        }
    }

    #[inline]
    fn head_of(&self, id: u32) -> &[u64] {
        let end = |i: usize| self.ends.get(i).copied();
        let start = (id as usize).checked_sub(1).and_then(end).unwrap_or(0);
        end(id as usize).and_then(|end| self.heads.get(start..end)).unwrap_or(&[])
    }

    #[inline]
    fn is_shape(&self, id: u32, record: &[u8], leaves: &Leaves, shapes: &Shapes) -> bool {
        let shape: Option<&Shape> = shapes.shapes.get(id as usize);
        shape.is_some_and(|shape| self.head_of(id) == self.head && leaves.literals_are(record, shape))
    }

    fn hash(&mut self, record: &[u8], leaves: &Leaves) -> u64 {
        self.literals.clear();
        leaves.literals(record).for_each(|l| self.literals.extend_from_slice(l));
        self.head.iter().for_each(|w| self.literals.extend_from_slice(&w.to_le_bytes()));
        secret_hash(&self.literals)
    }
}

/// A name's number in 24 bits. A record that is parsed has fewer names than that; the two special ones stay apart.
#[inline]
fn short(name: Name) -> u64 {
    u64::from(name.0 & 0xff_ffff)
}

/// A step of a path. Names that stand in the record follow from the literals; fixed ones do not, so their address
/// goes in.
#[inline]
fn name_word(parent: Name, part: NamePart) -> u64 {
    let (kind, rest) = match part {
        NamePart::Key { escape, .. } => (0, escape as u64),
        NamePart::Element => (1, 0),
        NamePart::Static(s) => (2, s.as_ptr() as usize as u64 & 0xffff_ffff),
    };
    let bytes = if let NamePart::Static(s) = part { s.len() as u64 & 63 } else { 0 };
    short(parent) << 40 | kind << 38 | bytes << 32 | rest
}
