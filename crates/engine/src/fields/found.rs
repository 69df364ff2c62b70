//! What was found of fields: by the values of records, by footers, by the headers of row groups.

use std::collections::{BTreeMap, HashSet};

use gastrolog_format::FieldStats;
use gastrolog_format::row_group::ColumnMeta;

use crate::FieldInfo;
use crate::kind::Kind;

/// Distinct values of one field that are kept to count them.
const DISTINCT_MAX: usize = 100_000;

/// And of all fields together.
const DISTINCT_ALL_MAX: usize = 1_000_000;

/// Values that a guess of the kind looks at.
const KIND_SAMPLES: usize = 256;

/// What names may take in memory, each with what is gathered of its field.
const NAMES_BYTES_MAX: usize = 64 << 20;

/// What a field takes beside its name and values.
const FIELD_BYTES: usize = 256;

/// Fields by their names.
#[derive(Default)]
pub(super) struct Found {
    fields: BTreeMap<String, Gathered>,
    /// Values that are kept, of all fields.
    kept: usize,
    name_bytes: usize,
    left_out: bool,
}

/// What was gathered of a field.
#[derive(Default)]
struct Gathered {
    values: u64,
    distinct: HashSet<Vec<u8>>,
    /// Some values were not kept.
    more: bool,
    /// No value was seen, only how many there are.
    unseen: bool,
    kind: Option<Kind>,
    samples: usize,
    integers_only: bool,
}

impl Found {
    /// Adds a value that a record has.
    pub(super) fn add_value(&mut self, name: &str, value: &[u8]) {
        let most = self.distinct_max();
        let Some(field) = self.of(name) else { return };
        field.values += 1;
        self.kept += field.see(value, most);
    }

    /// Adds what a footer says of a field.
    pub(super) fn add_stats(&mut self, name: &str, stats: &FieldStats) {
        let most = self.distinct_max();
        let Some(field) = self.of(name) else { return };
        field.values += stats.values;
        match &stats.counts {
            Some(counts) => {
                let kept = counts.iter().map(|(value, _)| field.see(value, most)).sum::<usize>();
                self.kept += kept;
            }
            None => field.add_unseen(stats.int_range.is_some()),
        }
    }

    /// Adds what the header of a row group says of a column.
    pub(super) fn add_column(&mut self, column: &ColumnMeta) {
        let Some(field) = self.of(&column.key.name) else { return };
        field.values += u64::from(column.values);
        field.add_unseen(column.int_range.is_some());
    }

    /// Whether there are fields for which there was no room.
    pub(super) fn left_out(&self) -> bool {
        self.left_out
    }

    pub(super) fn finish(self) -> BTreeMap<String, FieldInfo> {
        let finish = |(name, field): (String, Gathered)| {
            let info = field.finish(&name);
            (name, info)
        };
        self.fields.into_iter().map(finish).collect()
    }

    /// What is gathered of a field; its name is copied when it is new. None when there is no room for it.
    fn of(&mut self, name: &str) -> Option<&mut Gathered> {
        if !self.fields.contains_key(name) {
            let bytes = self.name_bytes + name.len() + FIELD_BYTES;
            if bytes > NAMES_BYTES_MAX {
                self.left_out = true;
                return None;
            }
            self.name_bytes = bytes;
            self.fields.insert(name.to_owned(), Gathered::default());
        }
        self.fields.get_mut(name)
    }

    /// How many distinct values of a field may be kept now.
    fn distinct_max(&self) -> usize {
        if self.kept < DISTINCT_ALL_MAX { DISTINCT_MAX } else { 0 }
    }
}

impl Gathered {
    /// Takes a value in; returns how many were kept for it, one or none.
    fn see(&mut self, value: &[u8], distinct_max: usize) -> usize {
        if self.distinct.contains(value) {
            return 0;
        }
        if self.samples < KIND_SAMPLES {
            self.guess(value);
        }
        if self.distinct.len() >= distinct_max {
            self.more = true;
            return 0;
        }
        self.distinct.insert(value.to_vec());
        1
    }

    /// Notes that there are values which nobody lists.
    fn add_unseen(&mut self, integers_only: bool) {
        (self.more, self.unseen) = (true, true);
        if integers_only {
            self.integers_only = true;
            self.guess(b"0");
        }
    }

    fn guess(&mut self, value: &[u8]) {
        self.samples += 1;
        let kind = Kind::of(value);
        self.kind = Some(self.kind.map_or(kind, |known| known.with(kind)));
    }

    fn finish(self, name: &str) -> FieldInfo {
        let known = !self.distinct.is_empty() || !self.unseen;
        // A field whose values nobody listed may be anything.
        let sure = !self.unseen || self.integers_only || !self.distinct.is_empty();
        FieldInfo {
            name: name.to_owned(),
            values: self.values,
            kind: self.kind.filter(|_| sure).map_or("", Kind::name).to_owned(),
            distinct: known.then_some(self.distinct.len() as u64),
            distinct_at_least: known && self.more,
        }
    }
}
