//! Which columns rows have after a stage.

use std::collections::HashSet;

use crate::{Aggregate, Extraction, GroupKey, Stage, TemplatePiece};

/// What `top` and `rare` add to the fields they count.
pub(crate) const TOP_COLUMNS: [&str; 2] = ["count", "percent"];

/// What `patterns` and `new` give for each pattern.
pub(crate) const PATTERN_COLUMNS: [&str; 7] =
    ["pattern", "count", "percent", "first", "last", "samples", "trend"];

/// The columns of the rows that leave the last of `stages`, when those that enter the first have the columns
/// `input`. `None` stands for records, whose fields are not known beforehand.
pub fn columns(stages: &[Stage], input: Option<Vec<String>>) -> Option<Vec<String>> {
    stages.iter().fold(input, |columns, stage| columns_after(stage, columns))
}

/// As [`columns`], of one stage.
pub(crate) fn columns_after(stage: &Stage, input: Option<Vec<String>>) -> Option<Vec<String>> {
    match stage {
        Stage::Stats { aggregates, by } => {
            Some(by.iter().map(GroupKey::column).chain(names_of(aggregates)).map(str::to_owned).collect())
        }
        Stage::Timechart { aggregates, by, .. } => {
            let by = by.iter().map(String::as_str);
            Some(["_time"].into_iter().chain(by).chain(names_of(aggregates)).map(str::to_owned).collect())
        }
        Stage::Top { fields, by, .. } => {
            let names = by.iter().chain(fields).map(String::as_str);
            Some(names.chain(TOP_COLUMNS).map(str::to_owned).collect())
        }
        Stage::Patterns { by, .. } => {
            let by = by.iter().map(String::as_str);
            Some(by.chain(PATTERN_COLUMNS).map(str::to_owned).collect())
        }
        Stage::New { .. } => Some(PATTERN_COLUMNS.map(str::to_owned).to_vec()),
        Stage::Fields(names) => Some(names.clone()),
        Stage::Eval(made) => input.map(|columns| with(columns, made.iter().map(|a| a.name.clone()))),
        Stage::Extract { pattern, .. } => input.map(|columns| with(columns, pattern.names())),
        Stage::Rename(pairs) => input.map(|columns| renamed(columns, pairs)),
        Stage::Lookup { fields, .. } => input.map(|columns| with(columns, fields.iter().cloned())),
        Stage::Join { on, subquery, .. } => input.map(|left| {
            let right = columns(&subquery.stages, None).unwrap_or_default();
            with(left, right.into_iter().filter(|name| !on.contains(name)))
        }),
        Stage::Where(_)
        | Stage::Parse { .. }
        | Stage::Sort(_)
        | Stage::Head(_)
        | Stage::Tail(_)
        | Stage::Dedup { .. }
        | Stage::Sample(_)
        | Stage::Context { .. } => input,
    }
}

impl Extraction {
    /// The fields it makes, in the order they stand.
    pub fn names(&self) -> Vec<String> {
        match self {
            Extraction::Regex(regex) => regex.compiled.capture_names().flatten().map(str::to_owned).collect(),
            Extraction::Template(pieces) => {
                let name = |piece: &TemplatePiece| match piece {
                    TemplatePiece::Name(name) if !name.is_empty() => Some(name.clone()),
                    _ => None,
                };
                pieces.iter().filter_map(name).collect()
            }
        }
    }
}

fn names_of(aggregates: &[Aggregate]) -> impl Iterator<Item = &str> {
    aggregates.iter().map(|a| a.alias.as_str())
}

/// Columns that are there keep their place.
fn with(mut columns: Vec<String>, added: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut known: HashSet<String> = columns.iter().cloned().collect();
    columns.extend(added.into_iter().filter(|name| known.insert(name.clone())));
    columns
}

fn renamed(columns: Vec<String>, pairs: &[(String, String)]) -> Vec<String> {
    let new_name = |name: String| match pairs.iter().find(|(old, _)| *old == name) {
        Some((_, new)) => new.clone(),
        None => name,
    };
    columns.into_iter().map(new_name).collect()
}
