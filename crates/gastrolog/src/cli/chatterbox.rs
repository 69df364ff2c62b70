//! Arguments of `gastrolog chatterbox`.

use clap::{Args, Subcommand};
use gastrolog_receiver_chatterbox::Format;

use super::ListForm;

#[derive(Debug, Args)]
pub(crate) struct ChatterboxArgs {
    #[command(subcommand)]
    pub(crate) what: ChatterboxCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChatterboxCommand {
    /// Print made-up records, a line each
    #[command(after_help = "\
Formats: json logfmt kv apache nginx syslog3164 syslog5424 text, and java and python, whose
records have several lines and are made only when they are named.

Examples:
  gastrolog chatterbox emit --count 1000 > made.log
  gastrolog chatterbox emit --rate 100 --format syslog5424 | nc logs.example 514")]
    Emit(EmitArgs),
    /// Tell what of the made-up records is in the store
    #[command(after_help = "\
A run is named by its seed. What is missing after the highest number that was found can
be told only when the run had a --count and its last record was found.

Exit status: 0 nothing lost, repeated or altered, 1 something is, or there is no such
record, 2 error.

Examples:
  gastrolog chatterbox check
  gastrolog chatterbox check --query 'receiver=chatterbox last=1h' --expect 1000
  gastrolog chatterbox check --output json | jq '.runs[].lost'")]
    Check(CheckArgs),
}

#[derive(Debug, Args)]
pub(crate) struct EmitArgs {
    /// Which records; names the run
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many; without it there is no end
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// How many a second [default: as fast as they are read]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) rate: Option<u64>,
    /// Formats, in turn [default: all of one line]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = parse_format)]
    pub(crate) format: Vec<Format>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Only the records that this query finds
    #[arg(long, short, value_name = "QUERY", default_value = "*")]
    pub(crate) query: String,
    /// Each run has exactly this many records
    #[arg(long, value_name = "N")]
    pub(crate) expect: Option<u64>,
    /// Records may stand inside of others, with escapes: they are not compared
    #[arg(long)]
    pub(crate) wrapped: bool,
    /// Form of the answer
    #[arg(long, short, value_name = "FORM", default_value = "table")]
    pub(crate) output: ListForm,
}

fn parse_format(name: &str) -> Result<Format, String> {
    let all = || Format::ALL.map(Format::name).join(" ");
    Format::named(name).ok_or_else(|| format!("there is no such format; there are {}", all()))
}
