//! What each command does.

mod admin;
mod explain;
mod follow;
mod ingest;
mod list;
mod query;

use std::io;

use clap::CommandFactory;
use gastrolog_engine::{Order, QueryRequest};

use crate::cli::{Cli, Command, OrderArgs, OrderBy, PlaceArgs};
use crate::failure::Outcome;
use crate::output::Times;
use crate::serve;

/// Runs the command that was given.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Outcome> {
    let place = cli.place;
    match cli.command {
        Command::Serve(args) => serve::run(&place, args),
        Command::Ingest(args) => ingest::run(&place, args),
        Command::Query(args) => query::run(&place, args),
        Command::Explain(args) => explain::run(&place, args),
        Command::Follow(args) => follow::run(&place, args),
        Command::Stores(args) => list::stores(&place, args),
        Command::Chunks(args) => list::chunks(&place, args),
        Command::Inspect(args) => list::inspect(&place, args),
        Command::Verify(args) => admin::verify(&place, args),
        Command::Seal => admin::seal(&place),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "gastrolog", &mut io::stdout());
            Ok(Outcome::Found)
        }
    }
}

/// The request for `query`, without limit and fields.
fn request(place: &PlaceArgs, query: String, order: &OrderArgs) -> QueryRequest {
    QueryRequest {
        query,
        store: place.name.clone().unwrap_or_default(),
        order: match order.order {
            OrderBy::Source => Order::Source,
            OrderBy::Ingest => Order::Ingest,
            OrderBy::Write => Order::Write,
        },
        oldest_first: order.oldest_first,
        timeout_ms: order.timeout.map(|t| u64::try_from(t.as_millis()).unwrap_or(u64::MAX)),
        time_zone: Times::new(order.utc).zone_name(),
        ..Default::default()
    }
}
