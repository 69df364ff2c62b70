//! `gastrolog serve`: opens the stores, listens, and goes on until it is told to stop.

mod binding;
pub(crate) mod config;
mod descriptors;
mod errors;
mod kinds;
mod processing;
mod receivers;
mod signals;
mod tagged;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use gastrolog_engine::{Access, Location, Service};
use gastrolog_ingest::Roster;
use gastrolog_server::{Listening, SOCKET_NAME, Server};

use self::config::Config;
use self::receivers::{Receivers, Running};
use crate::cli::{PlaceArgs, ServeArgs};
use crate::failure::{Outcome, note};
use crate::{clock, open, place};

/// What is still busy this long after the end is left behind.
const RUNTIME_STOP: Duration = Duration::from_secs(2);

/// Exit status after the second signal: that of a process which SIGTERM ended.
const STATUS_AT_ONCE: i32 = 143;

pub(crate) fn run(place: &PlaceArgs, args: ServeArgs) -> anyhow::Result<Outcome> {
    let config = Config::load(&args)?;
    let location = match (&place.store, &config.server.data_dir) {
        (None, Some(dir)) => Location::Dir(dir.clone()),
        _ => place::location(place)?,
    };
    let connections_max = descriptors::connections_max(descriptors::raise());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let service = open::open(location.clone(), Access::ReadWrite, &config)?;
    let ended = runtime.block_on(serve(&location, &config, service, connections_max));
    runtime.shutdown_timeout(RUNTIME_STOP);
    ended.map(|()| Outcome::Found)
}

async fn serve(
    location: &Location,
    config: &Config,
    service: Arc<dyn Service>,
    connections_max: usize,
) -> anyhow::Result<()> {
    let mut stop = signals::Stop::listen().context("signals")?;
    let (listening, running) = start(location, config, service, connections_max).await?;
    say_where(location, &listening, running.listening());
    stop.asked().await;
    note("stopping: no more records are taken, what was taken is being stored (again: at once)");
    tokio::select! {
        () = drain(listening, running) => note("stopped"),
        () = stop.asked() => {
            note("stopped at once");
            // As a crash would: nothing is waited for, and the store is what it is after one.
            std::process::exit(STATUS_AT_ONCE);
        }
    }
    Ok(())
}

/// Listens everywhere, or fails and listens nowhere.
async fn start(
    location: &Location,
    config: &Config,
    service: Arc<dyn Service>,
    connections_max: usize,
) -> anyhow::Result<(Listening, Running)> {
    let receivers = Receivers::bind(location, config, &service)?;
    let mut server = Server::new(service, Arc::new(clock::now))
        .tcp(config.server.listen)
        .merge(receivers.routes())
        .roster(receivers.roster())
        .connections_max(connections_max);
    if let Location::Dir(dir) = location {
        server = server.socket(dir.join(SOCKET_NAME));
    }
    let listening = server.start().await?;
    receivers.enlist_on_api(listening.address());
    tokio::spawn(tick(receivers.roster()));
    Ok((listening, receivers.start()))
}

/// Lets the roster note once a second what was received: rates come of it.
async fn tick(roster: Arc<Roster>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        roster.tick();
    }
}

async fn drain(listening: Listening, running: Running) {
    tokio::join!(running.stop(), listening.stop());
}

/// Tells a person what runs and what to do next.
fn say_where(location: &Location, listening: &Listening, receivers: &[String]) {
    match location {
        Location::Dir(dir) => note(&format!("data       {}", dir.display())),
        Location::Memory => note("data       in memory, gone when this ends"),
    }
    if let Some(address) = listening.address() {
        note(&format!("listening  http://{address}  (API: gRPC and Connect; POST /ingest)"));
    }
    if let Some(socket) = listening.socket() {
        note(&format!("           {}  (for this command)", socket.display()));
    }
    for receiver in receivers {
        note(&format!("           {receiver}"));
    }
    if let Some(address) = listening.address() {
        note(&format!("send       curl --data-binary 'hello world' http://{address}/ingest"));
        let server =
            if listening.socket().is_some() { String::new() } else { format!("--server {address} ") };
        note(&format!("ask        gastrolog query {server}hello"));
    }
}

#[cfg(test)]
mod tests;
