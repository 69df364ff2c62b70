//! Starts the receivers that the configuration names, and stops them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context, bail};
use gastrolog_engine::{EngineError, Location, Service};
use gastrolog_env::{Fs, RealFs};
use gastrolog_ingest::{Accepted, Receiver, Shutdown, Sink, SinkError};
use gastrolog_receiver_http::{HttpConfig, HttpIngest, SinkResolver};
use gastrolog_receiver_syslog::{SyslogConfig, SyslogReceiver};
use gastrolog_receiver_tail::{Start, TailConfig, TailReceiver};
use gastrolog_types::Batch;

use super::config::{Config, From, ReceiverConfig};
use crate::clock;
use crate::failure::note;

/// The store where none is named.
const DEFAULT: &str = "default";

/// A store of the service as the receivers see it.
struct StoreSink {
    service: Arc<dyn Service>,
    store: String,
}

impl Sink for StoreSink {
    fn append(&self, batch: Batch) -> Result<Accepted, SinkError> {
        self.service.append(&self.store, batch).map_err(|e| match e {
            EngineError::Unavailable(_) | EngineError::Locked(_) | EngineError::Cancelled(_) => {
                SinkError::Unavailable(e.to_string())
            }
            other => SinkError::Refused(other.to_string()),
        })
    }
}

/// Receivers with their ports bound, not yet at work.
pub(super) struct Receivers {
    http: HttpIngest,
    others: Vec<Box<dyn Receiver>>,
    listening: Vec<String>,
}

impl Receivers {
    /// Binds what `config` names, so that a mistake is an error at start.
    pub(super) fn bind(
        location: &Location,
        config: &Config,
        service: &Arc<dyn Service>,
    ) -> anyhow::Result<Receivers> {
        let mut names = HashSet::new();
        let mut receivers = Receivers {
            http: HttpIngest::new(HttpConfig::default(), resolver(config, service), Arc::new(clock::now)),
            others: Vec::new(),
            listening: Vec::new(),
        };
        for receiver in &config.receivers {
            let name = receiver.name().to_owned();
            receivers.bind_one(location, receiver, service).with_context(|| format!("receiver {name}"))?;
            if !names.insert(name.clone()) {
                bail!("two receivers are named {name}: give them different names");
            }
        }
        Ok(receivers)
    }

    fn bind_one(
        &mut self,
        location: &Location,
        config: &ReceiverConfig,
        service: &Arc<dyn Service>,
    ) -> anyhow::Result<()> {
        let name = config.name().to_owned();
        let sink_for = |store: &Option<String>| -> Arc<dyn Sink> {
            let store = store.clone().unwrap_or_else(|| DEFAULT.to_owned());
            Arc::new(StoreSink { service: service.clone(), store })
        };
        match config {
            ReceiverConfig::Syslog { store, udp, tcp, message_bytes_max, .. } => {
                let mut syslog = SyslogConfig { name, udp: *udp, tcp: *tcp, ..SyslogConfig::default() };
                if let Some(max) = message_bytes_max {
                    syslog.message_bytes_max = usize::try_from(*max)?;
                }
                let bound = SyslogReceiver::bind(syslog, sink_for(store), Arc::new(clock::now))?;
                self.listening.extend(bound.udp_addr().map(|a| format!("syslog udp://{a}")));
                self.listening.extend(bound.tcp_addr().map(|a| format!("syslog tcp://{a}")));
                self.others.push(Box::new(bound));
            }
            ReceiverConfig::Tail { store, globs, from, .. } => {
                let from = match from {
                    From::Start => Start::Beginning,
                    From::End => Start::End,
                };
                let state_file = state_file(location, &name)?;
                let tail =
                    TailConfig { name, globs: globs.clone(), state_file, from, ..TailConfig::default() };
                self.listening.push(format!("tail {}", globs.join(" ")));
                self.others.push(Box::new(TailReceiver::new(tail, sink_for(store), Arc::new(clock::now))?));
            }
        }
        Ok(())
    }

    /// The routes of HTTP ingest.
    pub(super) fn routes(&self) -> axum::Router {
        self.http.router()
    }

    /// Puts them to work, each on a thread of its own.
    pub(super) fn start(self) -> Running {
        let shutdown = Shutdown::new();
        let threads = self.others.into_iter().map(|receiver| {
            let shutdown = shutdown.clone();
            std::thread::spawn(move || {
                let name = receiver.name().to_owned();
                if let Err(e) = receiver.run(shutdown) {
                    note(&format!("receiver {name} has stopped: {e}"));
                }
            })
        });
        Running { threads: threads.collect(), shutdown, listening: self.listening }
    }
}

/// Finds the store that a request names: one that is configured, or that is there.
fn resolver(config: &Config, service: &Arc<dyn Service>) -> SinkResolver {
    let configured: HashSet<String> = config.stores.keys().cloned().chain([DEFAULT.to_owned()]).collect();
    let service = service.clone();
    Arc::new(move |store| {
        let there = || service.stores().is_ok_and(|all| all.iter().any(|s| s.name == store));
        let known = configured.contains(store) || there();
        known.then(|| {
            Arc::new(StoreSink { service: service.clone(), store: store.to_owned() }) as Arc<dyn Sink>
        })
    })
}

/// Where the bookmarks of the tail receiver `name` are kept: beside the stores; those of a store in memory go with
/// the process.
fn state_file(location: &Location, name: &str) -> anyhow::Result<PathBuf> {
    if name.contains(['/', '\0']) || name.starts_with('.') {
        bail!("{name:?} cannot be part of a file name");
    }
    match location {
        Location::Dir(dir) => {
            let dir = dir.join("receivers");
            RealFs.create_dir_all(&dir)?;
            Ok(dir.join(format!("{name}.tail")))
        }
        Location::Memory => {
            let file = format!("gastrolog-{}-{name}.tail", std::process::id());
            Ok(std::env::temp_dir().join(file))
        }
    }
}

/// Receivers at work.
pub(super) struct Running {
    threads: Vec<JoinHandle<()>>,
    shutdown: Shutdown,
    listening: Vec<String>,
}

impl Running {
    /// Where they listen, for people.
    pub(super) fn listening(&self) -> &[String] {
        &self.listening
    }

    /// Asks them to stop, and waits until they have stored what they hold.
    pub(super) async fn stop(self) {
        self.shutdown.start();
        let joined = tokio::task::spawn_blocking(move || {
            for thread in self.threads {
                // A receiver that panicked has said so.
                let _ = thread.join();
            }
        });
        // The task ends only with the threads, or with the runtime.
        let _ = joined.await;
    }
}
