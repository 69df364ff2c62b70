//! Arguments that several commands with a query share.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gastrolog_query::ParseContext;
use gastrolog_types::Timestamp;
use jiff::tz::TimeZone;

use crate::units;

/// In which zone times are read and shown.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ZoneArgs {
    /// Times in UTC instead of local time, in the query and in the answer
    #[arg(long, conflicts_with = "tz")]
    pub(crate) utc: bool,
    /// Times in this zone (Europe/Berlin, +02:00)
    #[arg(long, value_name = "ZONE", value_parser = parse_zone)]
    pub(crate) tz: Option<TimeZone>,
}

/// What a query may take.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LimitArgs {
    /// Give up after this long (30s, 5m)
    #[arg(long, value_name = "SPAN", value_parser = units::parse_duration)]
    pub(crate) timeout: Option<Duration>,
    /// Do not begin when more than this might be read from the store (2GB)
    #[arg(long, value_name = "BYTES", value_parser = units::parse_bytes)]
    pub(crate) limit_cost: Option<u64>,
    /// Give up when more than this was read from the store (2GB)
    #[arg(long, value_name = "BYTES", value_parser = units::parse_bytes)]
    pub(crate) max_scan: Option<u64>,
    /// Give up when more than this is held in memory (200MB)
    #[arg(long, value_name = "BYTES", value_parser = units::parse_bytes)]
    pub(crate) max_memory: Option<u64>,
}

/// What goes with a query.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct WithArgs {
    /// Only what happened in the last so much time (5m, 2h, 7d)
    #[arg(long, value_name = "SPAN", value_parser = units::parse_duration)]
    pub(crate) last: Option<Duration>,
    /// A table for `| lookup NAME on …` (CSV with a head line; may be given again)
    #[arg(long, value_name = "NAME=FILE", value_parser = parse_lookup)]
    pub(crate) lookup: Vec<(String, PathBuf)>,
}

/// Records around the matches, as grep has them.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ContextArgs {
    /// Show N records of the same source before and after each match
    #[arg(short = 'C', long, value_name = "N")]
    context: Option<u64>,
    /// Show N records after each match
    #[arg(short = 'A', long, value_name = "N")]
    after_context: Option<u64>,
    /// Show N records before each match
    #[arg(short = 'B', long, value_name = "N")]
    before_context: Option<u64>,
}

impl ContextArgs {
    /// The stage that they stand for.
    pub(crate) fn stage(&self) -> Option<String> {
        let before = self.before_context.or(self.context);
        let after = self.after_context.or(self.context);
        (before.is_some() || after.is_some())
            .then(|| format!(" | context before={} after={}", before.unwrap_or(0), after.unwrap_or(0)))
    }
}

fn parse_zone(text: &str) -> Result<TimeZone, String> {
    let context = ParseContext::in_zone(Timestamp(0), text);
    context
        .map(|c| c.time_zone)
        .ok_or_else(|| "expected the name of a zone (Europe/Berlin), an offset (+02:00) or UTC".to_owned())
}

fn parse_lookup(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("expected NAME=FILE, such as hosts=hosts.csv".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_and_tables() {
        for good in ["UTC", "+02:00", "-5", "Europe/Berlin"] {
            assert!(parse_zone(good).is_ok(), "{good}");
        }
        for bad in ["+", "+2:99", "+-3", "é", "Mars/Olympus"] {
            assert!(parse_zone(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_lookup("a=b=c.csv"), Ok(("a".to_owned(), PathBuf::from("b=c.csv"))));
        assert!(parse_lookup("a").is_err() && parse_lookup("=b").is_err() && parse_lookup("a=").is_err());
    }

    #[test]
    fn context_as_grep_has_it() {
        let args = |context, after_context, before_context| {
            ContextArgs { context, after_context, before_context }.stage()
        };
        assert_eq!(args(None, None, None), None);
        assert_eq!(args(Some(2), None, None).unwrap(), " | context before=2 after=2");
        assert_eq!(args(Some(2), Some(5), None).unwrap(), " | context before=2 after=5");
        assert_eq!(args(None, None, Some(1)).unwrap(), " | context before=1 after=0");
    }
}
