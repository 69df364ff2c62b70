//! The sockets the API is served on: a Unix socket in the data directory and a TCP port.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use gastrolog_engine::Service;
use gastrolog_ingest::{Counters, Roster};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::accept::{self, Served};
use crate::pages::Pages;
use crate::{Api, Now};

/// Connections at once on a socket, where nothing else is said.
const CONNECTIONS_MAX: usize = 16_384;

/// How often it is looked whether the system grants threads.
const THREADS_LOOK: Duration = Duration::from_secs(1);

/// Name of the Unix socket in the data directory.
pub const SOCKET_NAME: &str = "gastrolog.sock";

/// Why a server could not listen; names the address.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is in use, not ours, or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// What was to be listened on.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// A server answers on this socket already.
    #[error("a server is running already: it answers on {0}")]
    Running(PathBuf),
}

fn listen_error(address: impl ToString) -> impl FnOnce(io::Error) -> ServerError {
    move |source| ServerError::Listen { address: address.to_string(), source }
}

/// What to serve, and where.
pub struct Server {
    service: Arc<dyn Service>,
    now: Now,
    socket: Option<PathBuf>,
    tcp: Option<SocketAddr>,
    merged: Router,
    roster: Arc<Roster>,
    connections_max: usize,
}

impl Server {
    /// Serves `service`, so far nowhere.
    pub fn new(service: Arc<dyn Service>, now: Now) -> Server {
        Server {
            service,
            now,
            socket: None,
            tcp: None,
            merged: Router::new(),
            roster: Arc::default(),
            connections_max: CONNECTIONS_MAX,
        }
    }

    /// Also on a Unix socket, readable and writable by its owner only. What a dead server left there is replaced.
    pub fn socket(mut self, path: impl Into<PathBuf>) -> Server {
        self.socket = Some(path.into());
        self
    }

    /// Also on a TCP address; port 0 takes a free one.
    pub fn tcp(mut self, address: SocketAddr) -> Server {
        self.tcp = Some(address);
        self
    }

    /// Serves `routes` beside the API on the TCP port (the HTTP receiver).
    pub fn merge(mut self, routes: Router) -> Server {
        self.merged = self.merged.merge(routes);
        self
    }

    /// Tells of the receivers in `roster`, and adds the API itself to them.
    pub fn roster(mut self, roster: Arc<Roster>) -> Server {
        self.roster = roster;
        self
    }

    /// Takes so many connections at once on each socket; over that, who has been idle longest makes room.
    pub fn connections_max(mut self, connections_max: usize) -> Server {
        self.connections_max = connections_max;
        self
    }

    /// Opens the sockets and starts to answer on the runtime that calls this.
    pub async fn start(self) -> Result<Listening, ServerError> {
        let unix = match self.socket {
            Some(path) => Some((bind_socket(&path).await?, SocketFile(path))),
            None => None,
        };
        let tcp = match self.tcp {
            Some(address) => Some(TcpListener::bind(address).await.map_err(listen_error(address))?),
            None => None,
        };
        let address = tcp.as_ref().and_then(|t| t.local_addr().ok());
        let api = Api::new(self.service.clone(), self.now.clone()).with_roster(self.roster.clone());
        let mut at: Vec<String> = address.iter().map(|a| format!("http://{a}")).collect();
        at.extend(unix.iter().map(|(_, file)| file.0.display().to_string()));
        self.roster.add("api", "api", at, api.counters());
        let (streams, accepting) = (api.stop(), CancellationToken::new());
        let (counters, connections_max) = (api.counters(), self.connections_max);
        let (service, roster, stop, now) = (self.service, self.roster, streams.clone(), self.now);
        let pages = Pages { service, roster, stop, now };
        let routes = api.into_router().merge(pages.into_router());
        let served = |routes: Router| {
            let (counters, stop) = (counters.clone(), accepting.clone());
            Served { routes, connections_max, counters, stop }
        };
        let mut tasks = Vec::new();
        let mut socket = None;
        if let Some((listener, file)) = unix {
            socket = Some(file);
            tasks.push(tokio::spawn(accept::serve(listener, served(routes.clone()))));
        }
        if let Some(listener) = tcp {
            let routes = self.merged.merge(routes);
            tasks.push(tokio::spawn(accept::serve(listener, served(routes))));
        }
        tasks.push(tokio::spawn(watch_threads(counters, accepting.clone())));
        Ok(Listening { address, socket, streams, accepting, tasks })
    }
}

/// Says and counts it when the system grants no more threads: calls wait for one that is free then, and nobody hears why.
async fn watch_threads(counters: Arc<Counters>, stop: CancellationToken) {
    while tokio::time::timeout(THREADS_LOOK, stop.cancelled()).await.is_err() {
        if let Err(error) = gastrolog_env::try_thread() {
            counters.fault();
            counters.said(format_args!("no more threads: {error}"));
        }
    }
}

/// Binds the socket at `path`, taking the place of one that nobody answers on.
async fn bind_socket(path: &Path) -> Result<UnixListener, ServerError> {
    if tokio::net::UnixStream::connect(path).await.is_ok() {
        return Err(ServerError::Running(path.to_owned()));
    }
    let failed = |source| ServerError::Listen { address: path.display().to_string(), source };
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(e)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(listener)
}

/// Takes the socket away when the server ends, however it ends.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // If it is gone already, so much the better; the next server replaces one that stays.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A server that answers.
pub struct Listening {
    address: Option<SocketAddr>,
    socket: Option<SocketFile>,
    streams: CancellationToken,
    accepting: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Listening {
    /// The TCP address, with the port that was taken.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The Unix socket.
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_ref().map(|s| s.0.as_path())
    }

    /// Stops: takes no more connections, ends followers, lets calls under way finish for up to six seconds.
    pub async fn stop(self) {
        self.accepting.cancel();
        self.streams.cancel();
        futures::future::join_all(self.tasks).await;
    }
}
