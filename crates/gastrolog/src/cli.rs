//! The arguments of the command line. What stands here is what the help pages say.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub(crate) use self::chatterbox::{ChatterboxArgs, ChatterboxCommand, CheckArgs, EmitArgs};
pub(crate) use self::patterns::PatternsArgs;
pub(crate) use self::query::{
    ExplainArgs, FieldsArgs, FollowArgs, Limit, OrderArgs, OrderBy, QueryArgs, ValuesArgs,
};
pub(crate) use self::shared::{ContextArgs, LimitArgs, WithArgs, ZoneArgs};
use crate::words;

mod chatterbox;
mod patterns;
mod query;
mod shared;

/// Heading of the options that say which logs are meant.
const WHERE: &str = "Where the logs are";

/// A log store: takes logs in, keeps them small, finds them fast.
#[derive(Debug, Parser)]
#[command(
    name = "gastrolog",
    version,
    propagate_version = true,
    after_help = "\
Examples:
  gastrolog ingest access.log              store a file (plain, gzip or zstd)
  gastrolog query status=500 method=POST   find records
  gastrolog serve                          run as a server

Exit status: 0 found, 1 nothing found, 2 error."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Colour in output
    #[arg(
        long,
        global = true,
        display_order = 99,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    color: When,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads `args`, the name of the program first.
    pub(crate) fn from_args(args: impl Iterator<Item = OsString>) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(words::mark(Cli::command(), args))
    }

    /// The choice of colour, as the output streams want it.
    pub(crate) fn color(&self) -> anstream::ColorChoice {
        match self.color {
            When::Auto => anstream::ColorChoice::Auto,
            When::Always => anstream::ColorChoice::Always,
            When::Never => anstream::ColorChoice::Never,
        }
    }
}

/// Where the stores are and which one is meant.
#[derive(Clone, Debug, Args)]
pub(crate) struct PlaceArgs {
    /// Data directory [default: $GASTROLOG_DATA, else that of the user]
    #[arg(long, global = true, help_heading = WHERE, display_order = 100, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Named store in the data directory [default: default]
    #[arg(long, global = true, help_heading = WHERE, display_order = 100, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Ask the server at this address (host:port or path of a socket)
    #[arg(long, global = true, help_heading = WHERE, display_order = 100, value_name = "ADDR")]
    pub(crate) server: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run as a server: take logs in, answer queries
    #[command(after_help = "\
Needs no configuration. Listens on 127.0.0.1 only unless told otherwise.

Examples:
  gastrolog serve
  gastrolog serve --syslog-udp 127.0.0.1:5514 --tail '/var/log/*.log'
  gastrolog serve --config gastrolog.toml

Then, from another terminal:
  curl --data-binary 'hello world' http://127.0.0.1:4780/ingest
  gastrolog query hello")]
    Serve(ServeArgs),
    /// Store files: plain, gzip or zstd; `-` is standard input
    #[command(after_help = "\
Each line is a record, kept byte for byte. The records get the attributes
file=PATH and receiver=ingest.

Examples:
  gastrolog ingest access.log access.log.1.gz
  journalctl -o short-iso | gastrolog ingest -
  gastrolog ingest --json big.log.zst | jq .records")]
    Ingest(IngestArgs),
    /// Find records, or count and group them
    #[command(after_help = "\
Words are joined by spaces: no quotes needed around the whole query. What the
shell would take for itself (| > < * ( ) \") needs quotes. After -- everything is
part of the query.

Examples:
  gastrolog query status=500 method=POST
  gastrolog query level=error 'user.id=123' last=1h
  gastrolog query '\"connection refused\" host=web-*'
  gastrolog query 'status>=500 | stats count() by path | sort -count | head 10'
  gastrolog query -C 3 panic                   the records around each match too
  gastrolog query --output raw --limit none '*' > all.log

Exit status: 0 found, 1 nothing found, 2 error.")]
    Query(QueryArgs),
    /// Show how a query is answered: what is read, what is skipped, and why
    #[command(after_help = "\
Examples:
  gastrolog explain status=500 method=POST
  gastrolog explain --analyze 'status=500 | stats count() by path'")]
    Explain(ExplainArgs),
    /// Watch records as they arrive
    #[command(after_help = "\
Needs a running server. Ends with Ctrl-C. With a start (--last, last=, start=) what
is stored comes first.

Examples:
  gastrolog follow level=error
  gastrolog follow --last 5m 'status>=500 | fields _time, path'
  gastrolog follow --output json '*' | jq -r .host")]
    Follow(FollowArgs),
    /// List the fields that records have
    #[command(after_help = "\
Without a query the answer comes from the footers of chunks, at once; with one the
records are looked at.

Examples:
  gastrolog fields
  gastrolog fields level=error last=1h
  gastrolog fields --output json | jq -r .name")]
    Fields(FieldsArgs),
    /// List the most frequent values of a field
    #[command(after_help = "\
From the footers of chunks, at once. Where a chunk has too many values to list them,
the counts are the least there is, and the list says so.

Examples:
  gastrolog values status
  gastrolog values path --prefix /api/ -n 20")]
    Values(ValuesArgs),
    /// Show the shapes of messages: how many of each, since when, with which values
    #[command(after_help = "\
Numbers, ids, addresses and other values are taken out of each message; what remains
is its pattern. Of files (plain, gzip or zstd; `-` is standard input) without storing
them, or of what a query finds in the store.

Examples:
  gastrolog patterns app.log
  journalctl -o short-iso | gastrolog patterns -
  gastrolog patterns --query 'level=error last=1h'
  gastrolog patterns --new --last 1h            what the hour before did not have
  gastrolog patterns --by level --top 10 --output json app.log.gz | jq .pattern

Exit status: 0 found, 1 nothing found, 2 error.")]
    Patterns(PatternsArgs),
    /// List the stores
    #[command(after_help = "\
Examples:
  gastrolog stores
  gastrolog stores --output json | jq .stored_bytes")]
    Stores(ListArgs),
    /// List the chunks of a store, oldest first
    #[command(after_help = "\
Examples:
  gastrolog chunks
  gastrolog chunks --name web
  gastrolog chunks analyze            what each field costs, and what it served")]
    Chunks(ChunksArgs),
    /// Show what is in a chunk: columns, encodings, bytes
    #[command(after_help = "\
Examples:
  gastrolog inspect 01JCZ8            a unique beginning of the id will do
  gastrolog inspect --output json 01JCZ8 | jq .columns")]
    Inspect(InspectArgs),
    /// Read everything and check it against its checksums
    #[command(after_help = "\
Exit status: 0 everything is as it was written, 2 it is not.

Examples:
  gastrolog verify
  gastrolog verify --store /backup/gastrolog")]
    Verify(VerifyArgs),
    /// Make again what can be made again of a damaged store: catalog, heads and footers
    #[command(after_help = "\
For a store that no process has open. A file that it changes is kept beside it with the
ending .damaged. What is lost stays lost and is listed; answers say so until then.

Exit status: 0 everything can be read now, 2 something is lost.

Examples:
  gastrolog repair
  gastrolog repair --store /srv/restored --name web")]
    Repair,
    /// List the receivers of the running server, with what each has counted
    #[command(after_help = "\
Counted since the server was started: at every moment received = stored + dropped +
in flight. `handed_back` was refused in a way that makes the sender keep it and send
it again.

Examples:
  gastrolog receivers
  gastrolog receivers --output json | jq '{name, received, stored, dropped}'
  gastrolog receivers test syslog     send it a record and find it again")]
    Receivers(ReceiversArgs),
    /// List the rules of routing of the running server, with what each has taken
    #[command(after_help = "\
Counted since the server was started, once all stores of the rule have the records. Behind
the rules: what was left over, and what limits of rates have cut, by source.

Exit status: 0 there are rules, 1 there are none, 2 error.

Examples:
  gastrolog routes
  gastrolog routes --output json | jq '{name, records}'")]
    Routes(ListArgs),
    /// Seal the active chunk of a store
    #[command(after_help = "\
Exit status: 0 a chunk was sealed, 1 there was nothing to seal, 2 error.

Examples:
  gastrolog seal
  gastrolog seal --name web")]
    Seal,
    /// Write sealed chunks anew, smaller
    #[command(after_help = "\
Larger row groups, compressed harder; small chunks become one. The records stay what
they are. `serve` does it by itself for stores whose configuration has `recompact`.
Queries go on meanwhile. It can be stopped at any time: what is done stays done.

Exit status: 0 something was written anew, 1 there was nothing to do, 2 error.

Examples:
  gastrolog compact
  gastrolog compact --name web --json | jq .stored_bytes_after")]
    Compact(CompactArgs),
    /// Make up records, and check what became of them
    #[command(after_help = "\
Each record says which one it is, so that what was lost, repeated, reordered or altered
on its way into the store, and how long it took, is told from the stored text alone.
The receiver of kind `chatterbox` makes such records inside of a server.

Examples:
  gastrolog chatterbox emit --count 1000 | gastrolog ingest -
  gastrolog chatterbox check")]
    Chatterbox(ChatterboxArgs),
    /// Print a completion script for a shell
    #[command(after_help = "\
In bash, zsh and fish the names and values of fields are completed from the store.

Examples:
  gastrolog completions bash > ~/.local/share/bash-completion/completions/gastrolog
  gastrolog completions zsh > ~/.zfunc/_gastrolog
  gastrolog completions fish > ~/.config/fish/completions/gastrolog.fish")]
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// What could stand at the end of a command line; the completion scripts ask it
    #[command(name = "__complete", hide = true)]
    Complete {
        /// For which shell
        shell: clap_complete::Shell,
        /// The line up to the cursor
        #[arg(allow_hyphen_values = true)]
        line: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Configuration (TOML); flags go before it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address of the API and of HTTP ingest [default: 127.0.0.1:4780]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Take syslog over UDP here
    #[arg(long, value_name = "ADDR")]
    pub(crate) syslog_udp: Option<SocketAddr>,
    /// Take syslog over TCP here
    #[arg(long, value_name = "ADDR")]
    pub(crate) syslog_tcp: Option<SocketAddr>,
    /// Follow the files that match (may be given again)
    #[arg(long, value_name = "GLOB")]
    pub(crate) tail: Vec<String>,
    /// When a record is acknowledged: `fsync`, or `interval=100ms` for speed
    #[arg(long, value_name = "MODE")]
    pub(crate) durability: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// Files to store; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Print a summary as JSON to standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress, no summary
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// When a record counts as stored: `fsync`, or `interval=100ms` for speed
    #[arg(long, value_name = "MODE")]
    pub(crate) durability: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ChunksArgs {
    #[command(flatten)]
    pub(crate) list: ListArgs,
    #[command(subcommand)]
    pub(crate) what: Option<ChunksCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChunksCommand {
    /// What each field and index costs, against the queries it has served
    #[command(after_help = "\
Queries are counted by the server since it was started.

Examples:
  gastrolog chunks analyze
  gastrolog chunks analyze --output json | jq .fields")]
    Analyze(ListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ReceiversArgs {
    #[command(flatten)]
    pub(crate) list: ListArgs,
    #[command(subcommand)]
    pub(crate) what: Option<ReceiversCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReceiversCommand {
    /// Send a receiver a record by its own protocol, and find it again
    #[command(after_help = "\
The record stays in the store, with the word gastrologtest and a number in it. Run it
on the machine of the server. Files, containers and topics are not written to: whether
they can be reached and read is looked at instead. Over TLS the certificate of a
receiver on this machine is checked if --ca is given.

Exit status: 0 sent and found, or all of what was looked at is well; 2 not.

Examples:
  gastrolog receivers test syslog
  gastrolog receivers test relp --ca ca.pem --server-name logs.example
  gastrolog receivers test --json otlp-api | jq .steps")]
    Test(ReceiverTestArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ReceiverTestArgs {
    /// The receiver, as `gastrolog receivers` lists it
    pub(crate) receiver: String,
    /// Print the steps as JSON to standard output
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

/// How to speak to a receiver that speaks TLS.
#[derive(Debug, Default, Args)]
pub(crate) struct TlsArgs {
    /// Roots in PEM that must have signed the certificate of the receiver
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// The name that its certificate must be for, where that is not its address
    #[arg(long, value_name = "NAME", requires = "ca")]
    pub(crate) server_name: Option<String>,
    /// Certificate to show to a receiver that demands one, in PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Form of the list
    #[arg(long, short, value_name = "FORM", default_value = "table")]
    pub(crate) output: ListForm,
    #[command(flatten)]
    pub(crate) zone: ZoneArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The chunk: its id or a unique beginning of it
    pub(crate) chunk: String,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CompactArgs {
    /// Print the report as JSON to standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Print the report as JSON to standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// The records byte for byte, a line each
    Raw,
    /// An object a line
    Json,
    /// Comma-separated values with a head line
    Csv,
    /// Aligned columns
    Table,
    /// For people: time, text, colour
    Pretty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanForm {
    /// For people
    Tree,
    /// One JSON object
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListForm {
    /// Aligned columns
    Table,
    /// JSON
    Json,
}

#[cfg(test)]
mod tests;
