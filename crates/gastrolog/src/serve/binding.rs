//! What a kind of receiver is bound to: stores, the clock, the place of its state.

use std::collections::HashSet;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use gastrolog_engine::{EngineError, Location, OWN_STORE, Service, check_store_name};
use gastrolog_ingest::multiline::MultilineConfig;
use gastrolog_ingest::{Accepted, Clock, Counters, Receiver, Sink, SinkError};
use gastrolog_receiver_http::SinkResolver;
use gastrolog_types::Batch;

use super::config::Config;
use super::processing::Processing;
use super::receivers::{OnApi, Receivers};
use super::tagged::{Extra, tagged};
use crate::clock;

/// The store where none is named.
const DEFAULT: &str = "default";

/// A store of the service as the receivers see it.
struct StoreSink {
    service: Arc<dyn Service>,
    store: String,
}

impl Sink for StoreSink {
    fn append(&self, batch: Batch) -> Result<Accepted, SinkError> {
        self.service.append(&self.store, batch).map_err(sink_error)
    }
}

pub(super) fn sink_error(e: EngineError) -> SinkError {
    match e {
        EngineError::Unavailable(_) | EngineError::Locked(_) | EngineError::Cancelled(_) => {
            SinkError::Unavailable(e.to_string())
        }
        other => SinkError::Refused(other.to_string()),
    }
}

/// Lends a kind of receiver what it needs, and takes what it has bound.
pub(crate) struct Binding<'a> {
    pub(super) location: &'a Location,
    pub(super) config: &'a Config,
    pub(super) service: &'a Arc<dyn Service>,
    pub(super) into: &'a mut Receivers,
    pub(super) processing: &'a Arc<Processing>,
    /// The receiver at hand.
    pub(super) receiver: String,
    /// Whether it groups lines by itself.
    pub(super) groups_itself: bool,
    /// What its records have beside.
    pub(super) extra: Extra,
}

impl Binding<'_> {
    /// From here on things are bound for the receiver `name`.
    pub(crate) fn begin(&mut self, name: &str) {
        self.receiver = name.to_owned();
        self.groups_itself = false;
        self.extra.clear();
        self.into.names.push(name.to_owned());
    }

    /// How to group lines, for a receiver that does so by itself, across batches. To be asked before [`Binding::sink`],
    /// which then leaves it to the receiver.
    pub(crate) fn multiline(&mut self) -> Option<MultilineConfig> {
        self.groups_itself = true;
        self.processing.multiline(&self.receiver)
    }

    /// The store `name`, or the default one, behind what is configured for the receiver. An error where no store can have
    /// that name: it would refuse every record.
    pub(crate) fn sink(&self, name: Option<&str>) -> anyhow::Result<Arc<dyn Sink>> {
        name.map_or(Ok(()), check_target)?;
        Ok(self.sink_of(name.unwrap_or(DEFAULT)))
    }

    /// The default store, likewise.
    pub(crate) fn default_sink(&self) -> Arc<dyn Sink> {
        self.sink_of(DEFAULT)
    }

    fn sink_of(&self, store: &str) -> Arc<dyn Sink> {
        let sink = store_sink(self.service, store);
        let sink = self.processing.wrap(&self.receiver, store, sink, self.groups_itself);
        tagged(sink, &self.extra)
    }

    /// Finds the store that a request names: one that is configured, or that is there, or `own`.
    pub(crate) fn sinks(&self, own: &str) -> anyhow::Result<SinkResolver> {
        check_target(own)?;
        Ok(self.resolver(own))
    }

    /// The same, without one of its own.
    pub(crate) fn default_sinks(&self) -> SinkResolver {
        self.resolver(DEFAULT)
    }

    fn resolver(&self, own: &str) -> SinkResolver {
        let configured = self.config.stores.keys().cloned();
        let known: HashSet<String> = configured.chain([DEFAULT.to_owned(), own.to_owned()]).collect();
        let (service, processing) = (self.service.clone(), self.processing.clone());
        let (receiver, extra) = (self.receiver.clone(), self.extra.clone());
        Arc::new(move |store| {
            // The server's own log is for the server alone.
            if store == OWN_STORE {
                return None;
            }
            let there = || service.stores().is_ok_and(|all| all.iter().any(|s| s.name == store));
            let sink = || processing.wrap(&receiver, store, store_sink(&service, store), false);
            (known.contains(store) || there()).then(|| tagged(sink(), &extra))
        })
    }

    /// The time of arrival.
    pub(crate) fn clock(&self) -> Clock {
        Arc::new(clock::now)
    }

    /// Where the receiver `name` keeps its state.
    pub(crate) fn state_file(&self, name: &str) -> anyhow::Result<PathBuf> {
        state_file(self.location, name)
    }

    /// Tells a person where a receiver listens: `KIND SCHEME://ADDRESS`. Said before the receiver is added.
    pub(crate) fn say(&mut self, line: String) {
        self.into.listening.push(line);
    }

    /// A receiver that works on a thread of its own.
    pub(crate) fn add(&mut self, receiver: impl Receiver + 'static) {
        let said = self.into.listening.iter().skip(self.into.said);
        let at =
            said.map(|line| line.split_once(' ').map_or(line.as_str(), |(_, address)| address).to_owned());
        self.into.roster.add(receiver.name(), receiver.kind(), at.collect(), receiver.counters());
        self.into.said = self.into.listening.len();
        self.into.threads.push(Box::new(receiver));
    }

    /// Routes of a receiver on the port of the API.
    pub(crate) fn add_routes(
        &mut self,
        name: &str,
        kind: &'static str,
        router: axum::Router,
        counters: Arc<Counters>,
    ) {
        if let Some(log) = &self.into.samples {
            counters.keep_samples(log.sampler(name, kind));
        }
        self.into.on_api.push(OnApi { name: name.to_owned(), kind, counters });
        let routes = std::mem::take(&mut self.into.routes);
        self.into.routes = routes.merge(router);
    }
}

/// Says why no records can be sent to a store of this name, so that a start fails and not every record after it.
pub(super) fn check_target(store: &str) -> anyhow::Result<()> {
    if store == OWN_STORE {
        bail!("{OWN_STORE} is the server's own log: no records can be sent there, name another store");
    }
    Ok(check_store_name(store)?)
}

/// A store as it is, with nothing before it.
pub(super) fn store_sink(service: &Arc<dyn Service>, store: &str) -> Arc<dyn Sink> {
    Arc::new(StoreSink { service: service.clone(), store: store.to_owned() })
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
            let mut make = std::fs::DirBuilder::new();
            make.recursive(true).mode(0o700).create(&dir).with_context(|| dir.display().to_string())?;
            Ok(dir.join(format!("{name}.tail")))
        }
        Location::Memory => {
            let file = format!("gastrolog-{}-{name}.tail", std::process::id());
            Ok(std::env::temp_dir().join(file))
        }
    }
}
