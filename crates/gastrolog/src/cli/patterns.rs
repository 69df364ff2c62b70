//! Arguments of `gastrolog patterns`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::query::parse_limit;
use super::{Form, Limit, ZoneArgs};
use crate::units;

#[derive(Debug, Args)]
pub(crate) struct PatternsArgs {
    /// Files to look at; `-` is standard input. Without any: the store
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Of the records in the store that this query finds
    #[arg(long, short, value_name = "QUERY", conflicts_with = "files")]
    pub(crate) query: Option<String>,
    /// Only what happened in the last so much time (5m, 2h, 7d)
    #[arg(long, value_name = "SPAN", value_parser = units::parse_duration, conflicts_with = "files")]
    pub(crate) last: Option<Duration>,
    /// Only what the window of the same length before does not have
    #[arg(long, conflicts_with_all = ["files", "by"])]
    pub(crate) new: bool,
    /// Patterns of the values of this field instead of the message
    #[arg(long, value_name = "FIELD")]
    pub(crate) of: Option<String>,
    /// Count apart for each value of these fields
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) by: Vec<String>,
    /// At most this many; `none`: all [default: 50]
    #[arg(long, short = 'n', value_name = "N", value_parser = parse_limit)]
    pub(crate) top: Option<Limit>,
    /// Form of the answer
    #[arg(long, short, value_name = "FORM", default_value = "pretty")]
    pub(crate) output: Form,
    #[command(flatten)]
    pub(crate) zone: ZoneArgs,
}
