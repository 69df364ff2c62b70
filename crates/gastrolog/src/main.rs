//! The `gastrolog` command: reads its arguments, reaches a store, prints answers. Exit 0: found; 1: nothing found;
//! 2: error.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod clock;
mod commands;
mod failure;
mod input;
mod open;
mod output;
mod place;
mod probe;
mod serve;
mod units;
mod words;

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

use crate::failure::Outcome;

/// Gives back what is free in the middle too, a second later and by a thread of its own. That of the C library gives
/// back only what lies at the end, and a server that fills and empties caches keeps hundreds of MB of holes.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::from_args(std::env::args_os()).unwrap_or_else(|e| failure::exit(&e));
    cli.color().write_global();
    gastrolog_env::raise_open_files();
    match commands::run(cli) {
        Ok(Outcome::Found) => ExitCode::SUCCESS,
        Ok(Outcome::Nothing) => ExitCode::from(1),
        Err(e) if failure::is_broken_pipe(&e) => ExitCode::SUCCESS,
        Err(e) => {
            failure::say(&e);
            ExitCode::from(2)
        }
    }
}
