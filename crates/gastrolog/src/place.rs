//! Where the stores are: which directory, and whether a server answers in it.

use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use gastrolog_engine::{Access, EngineError, Location, Service};
use gastrolog_server::{Client, SOCKET_NAME};

use crate::cli::PlaceArgs;
use crate::open;
use crate::serve::config::Config;

/// The directory that stands for a store in memory.
const MEMORY: &str = "memory:";

/// A service that was reached, and how.
pub(crate) struct Reached {
    pub(crate) service: Arc<dyn Service>,
    /// Whether a server answers; else the store was opened by this process.
    pub(crate) by_server: bool,
}

/// The place that the arguments name.
pub(crate) fn location(args: &PlaceArgs) -> anyhow::Result<Location> {
    match &args.store {
        Some(dir) if dir.as_os_str() == MEMORY => Ok(Location::Memory),
        Some(dir) => Ok(Location::Dir(dir.clone())),
        None => default_dir().map(Location::Dir),
    }
}

/// `$GASTROLOG_DATA`; for root `/var/lib/gastrolog`; else `gastrolog` where the user keeps data.
fn default_dir() -> anyhow::Result<PathBuf> {
    let dir_of = |variable| std::env::var_os(variable).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(dir) = dir_of("GASTROLOG_DATA") {
        return Ok(dir);
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/gastrolog"));
    }
    let data = dir_of("XDG_DATA_HOME").or_else(|| dir_of("HOME").map(|home| home.join(".local/share")));
    data.map(|d| d.join("gastrolog")).context("no data directory: set --store DIR or $GASTROLOG_DATA")
}

/// Reaches the stores: by the server that was named, by the one that answers in the data directory, or by opening
/// them here.
pub(crate) fn reach(args: &PlaceArgs, access: Access, config: &Config) -> anyhow::Result<Reached> {
    if let Some(address) = &args.server {
        return Ok(Reached { service: Arc::new(connect(address)?), by_server: true });
    }
    let location = location(args)?;
    if let Location::Dir(dir) = &location {
        if let Some(client) = answering(dir)? {
            return Ok(Reached { service: Arc::new(client), by_server: true });
        }
        if access == Access::ReadOnly && !dir.exists() {
            bail!(
                "no store in {}: `gastrolog ingest FILE` or `gastrolog serve` makes one, --store names another",
                dir.display()
            );
        }
    }
    Ok(Reached { service: open::open(location, access, config)?, by_server: false })
}

/// The server that answers in `dir`, if one does.
fn answering(dir: &Path) -> anyhow::Result<Option<Client>> {
    let socket = dir.join(SOCKET_NAME);
    if !socket.exists() {
        return Ok(None);
    }
    match Client::connect(&socket) {
        Ok(client) => Ok(Some(client)),
        // Nobody listens there any more.
        Err(EngineError::Unavailable(_)) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

fn connect(address: &str) -> anyhow::Result<Client> {
    if address.contains('/') {
        return Ok(Client::connect(Path::new(address))?);
    }
    let mut resolved =
        address.to_socket_addrs().with_context(|| format!("{address} is not an address (host:port)"))?;
    let first = resolved.next().with_context(|| format!("{address} has no address"))?;
    Ok(Client::connect_tcp(first)?)
}
