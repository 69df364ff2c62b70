//! Arguments of the commands that take a query.

use clap::{Args, ValueEnum};

use super::{ContextArgs, Form, LimitArgs, ListForm, PlanForm, WithArgs, ZoneArgs};
use crate::words;

/// The words of a query.
#[derive(Debug, Args)]
pub(crate) struct QueryWords {
    /// The query; its words are joined by spaces
    #[arg(required = true, value_name = "QUERY")]
    words: Vec<String>,
}

impl QueryWords {
    /// The query text.
    pub(crate) fn text(&self) -> String {
        QueryWords::join(&self.words)
    }

    /// Words as one text, as they were typed.
    fn join(words: &[String]) -> String {
        let words: Vec<&str> = words.iter().map(|w| words::unmark(w)).collect();
        words.join(" ")
    }
}

/// How records are chosen and ordered beside the query.
#[derive(Debug, Args)]
pub(crate) struct OrderArgs {
    /// Oldest first instead of newest first
    #[arg(long)]
    pub(crate) oldest_first: bool,
    /// Which time orders and bounds the records
    #[arg(long, value_name = "TIME", default_value = "source")]
    pub(crate) order: OrderBy,
    #[command(flatten)]
    pub(crate) with: WithArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) zone: ZoneArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OrderBy {
    /// When it happened, as the record says; else when it arrived
    Source,
    /// When it arrived
    Ingest,
    /// The order in which records were stored
    Write,
}

#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    pub(crate) words: QueryWords,
    #[command(flatten)]
    pub(crate) order: OrderArgs,
    /// Form of the answer [default: pretty on a terminal, else raw]
    #[arg(long, short, value_name = "FORM")]
    pub(crate) output: Option<Form>,
    /// At most this many records or rows; `none`: all [default: 1000]
    #[arg(long, short = 'n', value_name = "N", value_parser = parse_limit)]
    pub(crate) limit: Option<Limit>,
    /// Go on behind the last record of an earlier answer
    #[arg(long, value_name = "TOKEN", default_value = "", hide_default_value = true)]
    pub(crate) resume: String,
    #[command(flatten)]
    pub(crate) context: ContextArgs,
    /// An answer that lacks damaged parts of the store is not an error
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) words: QueryWords,
    #[command(flatten)]
    pub(crate) order: OrderArgs,
    /// Run the query too, and show what happened
    #[arg(long)]
    pub(crate) analyze: bool,
    /// At most this many records or rows; `none`: all [default: 1000]
    #[arg(long, short = 'n', value_name = "N", value_parser = parse_limit)]
    pub(crate) limit: Option<Limit>,
    /// Form of the plan
    #[arg(long, short, value_name = "FORM", default_value = "tree")]
    pub(crate) output: PlanForm,
}

#[derive(Debug, Args)]
pub(crate) struct FollowArgs {
    #[command(flatten)]
    pub(crate) words: QueryWords,
    /// Form of the records [default: pretty on a terminal, else raw]
    #[arg(long, short, value_name = "FORM")]
    pub(crate) output: Option<Form>,
    /// End after this many records
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) with: WithArgs,
    #[command(flatten)]
    pub(crate) zone: ZoneArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FieldsArgs {
    #[command(flatten)]
    pub(crate) words: MaybeWords,
    #[command(flatten)]
    pub(crate) with: WithArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) zone: ZoneArgs,
    /// Form of the list
    #[arg(long, short, value_name = "FORM", default_value = "table")]
    pub(crate) output: ListForm,
}

/// The words of a query that may be left out.
#[derive(Debug, Args)]
pub(crate) struct MaybeWords {
    /// Of the records that this query finds; without one, of all records
    #[arg(value_name = "QUERY")]
    words: Vec<String>,
}

impl MaybeWords {
    /// The query text.
    pub(crate) fn text(&self) -> String {
        QueryWords::join(&self.words)
    }
}

#[derive(Debug, Args)]
pub(crate) struct ValuesArgs {
    /// Name of the field or attribute
    pub(crate) field: String,
    /// Only values that begin with this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// At most this many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    pub(crate) limit: u64,
    /// Form of the list
    #[arg(long, short, value_name = "FORM", default_value = "table")]
    pub(crate) output: ListForm,
}

/// A limit that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// At most this many.
    At(u64),
    /// All.
    None,
}

pub(super) fn parse_limit(text: &str) -> Result<Limit, String> {
    match text {
        "none" => Ok(Limit::None),
        n => n.parse().map(Limit::At).map_err(|_| "expected a number or `none`".to_owned()),
    }
}
