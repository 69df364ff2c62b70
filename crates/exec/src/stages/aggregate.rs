//! `stats`, `timechart`, `top` and `rare` behind other stages: aggregates row by row.

use std::borrow::Cow;
use std::sync::Arc;

use gastrolog_plan::Aggregation;

use super::row::{Columns, Place, Row};
use super::{Next, Step};
use crate::groups::Groups;
use crate::{Budget, ExecError, Value};

/// Groups rows. For records every value of a field counts.
pub(crate) struct Aggregate<'q> {
    aggregation: Arc<Aggregation>,
    places: Vec<Place>,
    time: Place,
    groups: Groups,
    rows: u64,
    budget: &'q Budget,
}

impl<'q> Aggregate<'q> {
    pub(crate) fn new(aggregation: Aggregation, input: Columns<'_>, budget: &'q Budget) -> Aggregate<'q> {
        let mut places: Vec<Place> = aggregation.fields().map(|name| Place::new(name, input)).collect();
        places.sort_by(|a, b| a.name().cmp(b.name()));
        places.dedup_by(|a, b| a.name() == b.name());
        let (aggregation, time) = (Arc::new(aggregation), Place::new("_time", input));
        let groups = Groups::new(aggregation.clone());
        Aggregate { aggregation, places, time, groups, rows: 0, budget }
    }
}

/// The text of a value. That of a time has all its digits, so that the smallest text is the first time.
fn text_of(value: &Value) -> Option<Cow<'_, [u8]>> {
    let Value::Time(time) = value else { return value.text() };
    let text = time.to_string();
    let (seconds, fraction) =
        text.trim_end_matches('Z').split_once('.').unwrap_or((text.trim_end_matches('Z'), ""));
    Some(Cow::Owned(format!("{seconds}.{fraction:0<9}Z").into_bytes()))
}

impl Step for Aggregate<'_> {
    fn push(&mut self, row: Row, _: Next<'_>) -> Result<bool, ExecError> {
        let time = if let Value::Time(t) = self.time.get(&row) { t.0 } else { 0 };
        // Rows of a table that have the same time, or none, are told apart by their place.
        let at = (time, if let Row::Record(found) = &row { found.record.seq } else { self.rows });
        self.rows += 1;
        let values = |name: &str, visit: &mut dyn FnMut(&[u8]) -> bool| {
            let place = self.places.iter().find(|place| place.name() == name);
            let values = place.map(|place| place.get_all(&row)).unwrap_or_default();
            values.iter().filter_map(text_of).any(|text| visit(&text));
        };
        self.groups.add_row(&values, 1, at);
        self.groups.hold(self.budget)?;
        self.groups.check()?;
        Ok(true)
    }

    fn finish(&mut self, next: Next<'_>) -> Result<(), ExecError> {
        let groups = std::mem::replace(&mut self.groups, Groups::new(self.aggregation.clone()));
        let held_bytes = groups.counted_bytes();
        for row in groups.finish()? {
            if !next(Row::Table(row))? {
                break;
            }
        }
        self.budget.release(held_bytes);
        Ok(())
    }
}
