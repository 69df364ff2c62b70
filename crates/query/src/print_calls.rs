//! Aggregates and group keys as text that parses to the same tree. The spelling of a call names its result.

use std::fmt::{self, Display, Formatter};

use crate::parse::{UNITS, VALUES_DEFAULT, call_name, percentile};
use crate::print::Name;
use crate::{Aggregate, Function, GroupKey};

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
        let Some(field) = field.map(Name) else { return name.to_owned() };
        match self {
            Function::Quantile(q) if name == "quantile" => format!("quantile({}, {field})", Plain(q)),
            Function::QuantileApprox(q) if name == "quantile_approx" => {
                format!("quantile_approx({}, {field})", Plain(q))
            }
            Function::Values(most) if most != VALUES_DEFAULT => format!("values({field}, {most})"),
            _ => format!("{name}({field})"),
        }
    }
}

/// The ways to write a call, the usual one first.
fn spellings(function: Function, field: Option<&str>) -> Vec<String> {
    let names = match function {
        Function::Count => vec!["count".to_owned()],
        Function::CountDistinct => vec!["count_distinct".to_owned()],
        Function::CountDistinctApprox => vec!["count_distinct_approx".to_owned()],
        Function::Min => vec!["min".to_owned()],
        Function::Max => vec!["max".to_owned()],
        Function::Sum => vec!["sum".to_owned()],
        Function::Avg => vec!["avg".to_owned()],
        Function::StdDev => vec!["stddev".to_owned()],
        Function::First => vec!["first".to_owned()],
        Function::Last => vec!["last".to_owned()],
        Function::Values(_) => vec!["values".to_owned()],
        Function::Rate(_) => vec!["rate".to_owned()],
        Function::Quantile(q) => quantile_names(q, ""),
        Function::QuantileApprox(q) => quantile_names(q, "_approx"),
    };
    names.iter().map(|name| function.spelling(name, field)).collect()
}

fn quantile_names(q: f64, suffix: &str) -> Vec<String> {
    let median = (q == 0.5).then_some("median");
    let names = percent_name(q).into_iter().chain(["quantile".to_owned()]);
    names.chain(median.map(str::to_owned)).map(|name| name + suffix).collect()
}

/// `p99.9` for 0.999, where that says it exactly.
fn percent_name(q: f64) -> Option<String> {
    // Enough places for any percentile somebody writes; the check below decides.
    let percent = format!("{:.9}", q * 100.0);
    let percent = percent.trim_end_matches('0').trim_end_matches('.');
    (percentile(percent) == Some(q)).then(|| format!("p{percent}"))
}

/// A number in few enough digits to be read again.
struct Plain(f64);

impl Display for Plain {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let usual = self.0 == 0.0 || (1e-9..1e18).contains(&self.0.abs());
        if usual { write!(f, "{}", self.0) } else { write!(f, "{:e}", self.0) }
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
            GroupKey::Field(name) => Column(name).fmt(f),
            GroupKey::NumberBin { field, width } => write!(f, "bin({}, {})", Name(field), Plain(*width)),
            GroupKey::TimeBin(width_ns) => write!(f, "bin({})", Duration(*width_ns)),
        }
    }
}

/// Nanoseconds in the largest unit that says them exactly.
pub(crate) struct Duration(pub(crate) i64);

impl Display for Duration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (unit, unit_ns) = UNITS.into_iter().find(|(_, ns)| self.0 % ns == 0).unwrap_or(("ns", 1));
        write!(f, "{}{unit}", self.0 / unit_ns)
    }
}

/// The name of a column, which may be the call that made it.
pub(crate) struct Column<'a>(pub(crate) &'a str);

impl Display for Column<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_call = self.0.ends_with(')') && call_name(self.0).as_deref() == Some(self.0);
        if is_call { f.write_str(self.0) } else { Name(self.0).fmt(f) }
    }
}
