//! What each command does.

mod admin;
mod chatterbox;
mod compact;
mod complete;
mod explain;
mod fields;
mod follow;
mod ingest;
mod list;
mod patterns;
mod query;
mod receivers;
mod routes;
mod usage;

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use gastrolog_engine::{Order, QueryRequest};

use crate::cli::{ChunksCommand, Cli, Command, LimitArgs, OrderArgs, OrderBy, PlaceArgs, WithArgs, ZoneArgs};
use crate::failure::{Outcome, note};
use crate::output::Times;
use crate::serve;

/// Largest table for `lookup`: it travels in one message.
const LOOKUP_BYTES_MAX: u64 = 64 << 20;

/// Runs the command that was given.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Outcome> {
    let place = cli.place;
    match cli.command {
        Command::Serve(args) => serve::run(&place, args),
        Command::Ingest(args) => ingest::run(&place, args),
        Command::Query(args) => query::run(&place, args),
        Command::Explain(args) => explain::run(&place, args),
        Command::Follow(args) => follow::run(&place, args),
        Command::Patterns(args) => patterns::run(&place, args),
        Command::Stores(args) => list::stores(&place, args),
        Command::Chunks(args) => match args.what {
            Some(ChunksCommand::Analyze(list)) => usage::run(&place, &list),
            None => list::chunks(&place, args.list),
        },
        Command::Inspect(args) => list::inspect(&place, args),
        Command::Verify(args) => admin::verify(&place, args),
        Command::Repair => admin::repair(&place),
        Command::Receivers(args) => receivers::run(&place, &args),
        Command::Routes(args) => routes::run(&place, &args),
        Command::Seal => admin::seal(&place),
        Command::Compact(args) => compact::run(&place, args),
        Command::Chatterbox(args) => chatterbox::run(&place, args),
        Command::Fields(args) => fields::fields(&place, args),
        Command::Values(args) => fields::values(&place, args),
        Command::Completions { shell } => complete::script(shell),
        Command::Complete { shell, line } => complete::run(shell, &line),
    }
}

/// Names what could not be read.
fn say_damage(damage: &[String]) {
    for part in damage {
        note(&format!("could not be read: {part}"));
    }
}

/// An error where something could not be read, which is named.
fn whole(what: &str, damage: &[String]) -> anyhow::Result<()> {
    say_damage(damage);
    if damage.is_empty() { Ok(()) } else { bail!("{what} is incomplete") }
}

/// The request for `query`, without limit and fields.
fn request(place: &PlaceArgs, query: String, order: &OrderArgs) -> anyhow::Result<QueryRequest> {
    let request = base(place, query, &order.with, &order.zone)?;
    Ok(QueryRequest {
        order: match order.order {
            OrderBy::Source => Order::Source,
            OrderBy::Ingest => Order::Ingest,
            OrderBy::Write => Order::Write,
        },
        oldest_first: order.oldest_first,
        ..limited(request, &order.limits)
    })
}

/// A request of `query` with what goes with it.
fn base(place: &PlaceArgs, query: String, with: &WithArgs, zone: &ZoneArgs) -> anyhow::Result<QueryRequest> {
    Ok(QueryRequest {
        query,
        store: place.name.clone().unwrap_or_default(),
        time_zone: Times::new(zone).zone_name(),
        last_ms: with.last.map(millis),
        lookups: with.lookup.iter().map(|(name, file)| lookup(name, file)).collect::<anyhow::Result<_>>()?,
        ..Default::default()
    })
}

fn limited(request: QueryRequest, limits: &LimitArgs) -> QueryRequest {
    QueryRequest {
        timeout_ms: limits.timeout.map(millis),
        limit_cost_bytes: limits.limit_cost,
        read_bytes_max: limits.max_scan,
        memory_bytes_max: limits.max_memory,
        ..request
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Reads a table.
#[expect(clippy::disallowed_methods, reason = "a file of the user, not of the store")]
fn lookup(name: &str, file: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let shown = || format!("--lookup {name}={}", file.display());
    let mut csv = Vec::new();
    let opened = std::fs::File::open(file).with_context(shown)?;
    opened.take(LOOKUP_BYTES_MAX + 1).read_to_end(&mut csv).with_context(shown)?;
    if csv.len() as u64 > LOOKUP_BYTES_MAX {
        bail!("{}: a table may have {}", shown(), crate::units::bytes(LOOKUP_BYTES_MAX));
    }
    Ok((name.to_owned(), csv))
}
