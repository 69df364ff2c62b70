//! Stages as text that parses to the same tree, and the spelling of calls, which names their results.

use std::fmt::{self, Display, Formatter};

use crate::parse::{UNITS, call_name, percentile};
use crate::print::Name;
use crate::{Aggregate, Function, GroupKey, SortKey, Stage};

impl Aggregate {
    /// An aggregate named by its call: `count`, `sum(bytes)`, `p99(duration_ms)`.
    pub fn new(function: Function, field: Option<String>) -> Aggregate {
        let spellings = spellings(function, field.as_deref());
        let alias = spellings.into_iter().next().unwrap_or_default();
        Aggregate { function, field, alias }
    }
}

impl Function {
    /// The call by the name it was called by, in canonical form; `count()` is just `count`.
    pub(crate) fn spelling(self, name: &str, field: Option<&str>) -> String {
        match (self, field) {
            (Function::Quantile(q), Some(field)) if name == "quantile" => {
                format!("quantile({q}, {})", Name(field))
            }
            (_, Some(field)) => format!("{name}({})", Name(field)),
            (_, None) => name.to_owned(),
        }
    }
}

/// The ways to write a call, the usual one first.
fn spellings(function: Function, field: Option<&str>) -> Vec<String> {
    let names = match function {
        Function::Count => vec!["count".to_owned()],
        Function::CountDistinct => vec!["count_distinct".to_owned()],
        Function::Min => vec!["min".to_owned()],
        Function::Max => vec!["max".to_owned()],
        Function::Sum => vec!["sum".to_owned()],
        Function::Avg => vec!["avg".to_owned()],
        Function::First => vec!["first".to_owned()],
        Function::Last => vec!["last".to_owned()],
        Function::StdDev => vec!["stddev".to_owned()],
        Function::CountDistinctApprox => vec!["count_distinct_approx".to_owned()],
        Function::QuantileApprox(_) => vec!["quantile_approx".to_owned()],
        Function::Values(_) => vec!["values".to_owned()],
        Function::Rate(_) => vec!["rate".to_owned()],
        Function::Quantile(q) => {
            let median = (q == 0.5).then(|| "median".to_owned());
            percent_name(q).into_iter().chain(["quantile".to_owned()]).chain(median).collect()
        }
    };
    names.iter().map(|name| function.spelling(name, field)).collect()
}

/// `p99.9` for 0.999, where that says it exactly.
fn percent_name(q: f64) -> Option<String> {
    // Enough places for any percentile somebody writes; the check below decides.
    let percent = format!("{:.9}", q * 100.0);
    let percent = percent.trim_end_matches('0').trim_end_matches('.');
    (percentile(percent) == Some(q)).then(|| format!("p{percent}"))
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Stage::Stats { aggregates, by } => {
                write!(f, "stats {}", Listed(aggregates))?;
                if by.is_empty() { Ok(()) } else { write!(f, " by {}", Listed(by)) }
            }
            Stage::Sort(keys) => write!(f, "sort {}", Listed(keys)),
            Stage::Head(count) => write!(f, "head {count}"),
            Stage::Fields(names) => {
                let names: Vec<Column<'_>> = names.iter().map(|name| Column(name)).collect();
                write!(f, "fields {}", Listed(&names))
            }
            other => write!(f, "{other:?}"),
        }
    }
}

/// Items with commas between them.
struct Listed<'a, T>(&'a [T]);

impl<T: Display> Display for Listed<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let spellings = spellings(self.function, self.field.as_deref());
        let named = spellings.iter().find(|s| **s == self.alias);
        let call = named.or(spellings.first()).map(String::as_str).unwrap_or_default();
        f.write_str(call)?;
        if self.field.is_none() {
            f.write_str("()")?;
        }
        if named.is_none() { write!(f, " as {}", Name(&self.alias)) } else { Ok(()) }
    }
}

impl GroupKey {
    /// The name of the column it makes: the field's, or `_time`.
    pub fn column(&self) -> &str {
        match self {
            GroupKey::Field(name) => name,
            GroupKey::NumberBin { field, .. } => field,
            GroupKey::TimeBin(_) => "_time",
        }
    }
}

impl Display for GroupKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            GroupKey::Field(name) => Name(name).fmt(f),
            GroupKey::NumberBin { field, width } => write!(f, "bin({}, {width})", Name(field)),
            GroupKey::TimeBin(width_ns) => {
                let (unit, unit_ns) =
                    UNITS.into_iter().find(|(_, ns)| width_ns % ns == 0).unwrap_or(("ns", 1));
                write!(f, "bin({}{unit})", width_ns / unit_ns)
            }
        }
    }
}

impl Display for SortKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.descending { "-" } else { "" }, Column(&self.field))
    }
}

/// The name of a column, which may be the call that made it.
struct Column<'a>(&'a str);

impl Display for Column<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_call = self.0.ends_with(')') && call_name(self.0).as_deref() == Some(self.0);
        if is_call { f.write_str(self.0) } else { Name(self.0).fmt(f) }
    }
}
