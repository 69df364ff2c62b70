//! `stats` behind other stages: aggregates row by row.

use gastrolog_query::{Aggregate, GroupKey};

use super::row::{Columns, Place, Row};
use super::{Next, Step};
use crate::groups::{Groups, KeyBytes, bin_of};
use crate::{ExecError, Value};

/// Groups rows. For records every value of a field counts.
pub(crate) struct Stats<'q> {
    aggregates: &'q [Aggregate],
    by: &'q [GroupKey],
    keys: Vec<Place>,
    /// The field of each aggregate.
    fields: Vec<Option<Place>>,
    time: Place,
    groups: Groups<'q>,
    rows: u64,
}

impl<'q> Stats<'q> {
    pub(crate) fn new(aggregates: &'q [Aggregate], by: &'q [GroupKey], input: Columns<'_>) -> Stats<'q> {
        let field = |a: &Aggregate| a.field.as_ref().map(|name| Place::new(name, input));
        Stats {
            aggregates,
            by,
            keys: by.iter().map(|key| Place::new(key.column(), input)).collect(),
            fields: aggregates.iter().map(field).collect(),
            time: Place::new("_time", input),
            groups: Groups::new(aggregates),
            rows: 0,
        }
    }

    fn key(&self, row: &Row, time: i64) -> KeyBytes {
        let mut key = KeyBytes::default();
        for (part, place) in self.by.iter().zip(&self.keys) {
            match part {
                GroupKey::TimeBin(bin) => key.push_time(bin_of(time, *bin)),
                GroupKey::NumberBin { .. } | GroupKey::Field(_) => {
                    key.push_text(&place.text(row).unwrap_or_default());
                }
            }
        }
        key
    }
}

impl Step for Stats<'_> {
    fn push(&mut self, row: Row, _: Next<'_>) -> Result<bool, ExecError> {
        let time = if let Value::Time(t) = self.time.get(&row) { t.0 } else { 0 };
        let key = self.key(&row, time);
        // Rows of a table that have the same time, or none, are told apart by their place.
        let at = (time, if let Row::Record(found) = &row { found.record.seq } else { self.rows });
        self.rows += 1;
        for (accumulator, field) in self.groups.group(&key).iter_mut().zip(&self.fields) {
            let Some(field) = field else {
                accumulator.add_records(1);
                continue;
            };
            for value in field.get_all(&row) {
                if let Some(text) = value.text() {
                    accumulator.add(&text, 1, at);
                }
            }
        }
        self.groups.check()?;
        Ok(true)
    }

    fn finish(&mut self, next: Next<'_>) -> Result<(), ExecError> {
        let groups = std::mem::replace(&mut self.groups, Groups::new(self.aggregates));
        for row in groups.finish(self.by) {
            if !next(Row::Table(row))? {
                break;
            }
        }
        Ok(())
    }
}
