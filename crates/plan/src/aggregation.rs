//! Stages that count and group (`stats`, `timechart`, `top`, `rare`), all as one thing: groups by keys, aggregates
//! of each, and what is made of the groups in the end.
//!
//! Whatever answers one of these stages (footers, columns, rows one by one) works from this form, so that what one
//! of them can do they all can.

use gastrolog_query::{Aggregate, Function, GroupKey, Stage};

/// What every record has beside its fields.
const EVERY_RECORD_HAS: [&str; 5] = ["_time", "_source", "_ingest", "_seq", "_text"];

/// What a stage computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    /// What rows are grouped by.
    pub keys: Vec<GroupKey>,
    /// How many of the keys, from the last, a row must have to count at all.
    pub required: usize,
    /// What is computed of each group.
    pub aggregates: Vec<Aggregate>,
    /// What becomes of the groups.
    pub finish: Finish,
}

/// What becomes of groups when all rows are in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// A row each, ordered by the keys.
    Rows,
    /// The same, and rows for bins without a record between the first and the last bin. The first key is the bin.
    Filled {
        /// Width of a bin.
        width_ns: i64,
    },
    /// The groups with the largest (smallest) first aggregate, which is a count, in each combination of the keys that
    /// are not required; with a column more for the share of the records of that combination, in percent.
    Top {
        /// Rows of each combination.
        count: u64,
        /// Smallest first.
        rarest: bool,
    },
}

impl Aggregation {
    /// What a stage computes, if it is one that groups.
    pub fn of(stage: &Stage) -> Option<Aggregation> {
        let field = |name: &String| GroupKey::Field(name.clone());
        match stage {
            Stage::Stats { aggregates, by } => Some(Aggregation {
                keys: by.clone(),
                required: 0,
                aggregates: aggregates.clone(),
                finish: Finish::Rows,
            }),
            Stage::Timechart { width_ns, aggregates, by } => Some(Aggregation {
                keys: [GroupKey::TimeBin(*width_ns)].into_iter().chain(by.iter().map(field)).collect(),
                required: 0,
                aggregates: aggregates.clone(),
                finish: Finish::Filled { width_ns: *width_ns },
            }),
            Stage::Top { count, fields, by, rarest } => Some(Aggregation {
                keys: by.iter().chain(fields).map(field).collect(),
                required: fields.len(),
                aggregates: vec![Aggregate { function: Function::Count, field: None, alias: "count".into() }],
                finish: Finish::Top { count: *count, rarest: *rarest },
            }),
            _ => None,
        }
    }

    /// The names of the columns of the table that comes out.
    pub fn columns(&self) -> Vec<String> {
        let keys = self.keys.iter().map(|key| key.column().to_owned());
        let results = self.aggregates.iter().map(|a| a.alias.clone());
        let percent = matches!(self.finish, Finish::Top { .. }).then(|| "percent".to_owned());
        keys.chain(results).chain(percent).collect()
    }

    /// The fields that keys and aggregates look at.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let of_key = |key: &'_ GroupKey| !matches!(key, GroupKey::TimeBin(_));
        let keys = self.keys.iter().filter(move |k| of_key(k)).map(GroupKey::column);
        keys.chain(self.aggregates.iter().filter_map(|a| a.field.as_deref()))
    }

    /// Whether all it looks at are times and fields, which columns have, and not what every record has under a name
    /// such as `_text`.
    pub fn is_of_columns(&self) -> bool {
        self.fields().all(|name| !EVERY_RECORD_HAS.contains(&name))
    }

    /// Whether it looks at the times of records.
    pub fn looks_at_times(&self) -> bool {
        self.keys.iter().any(|k| matches!(k, GroupKey::TimeBin(_)))
            || self.aggregates.iter().any(|a| matches!(a.function, Function::First | Function::Last))
    }
}
