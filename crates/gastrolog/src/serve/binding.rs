//! What a kind of receiver is bound to: stores, the clock, the place of its state.

use std::collections::HashSet;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use gastrolog_engine::{EngineError, Location, OWN_STORE, Service};
use gastrolog_ingest::multiline::MultilineConfig;
use gastrolog_ingest::{Accepted, Clock, Counters, Receiver, Sink, SinkError};
use gastrolog_receiver_http::SinkResolver;
use gastrolog_types::Batch;

use super::config::Config;
use super::processing::Processing;
use super::receivers::{OnApi, Receivers};
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
}

impl Binding<'_> {
    /// From here on things are bound for the receiver `name`.
    pub(crate) fn begin(&mut self, name: &str) {
        self.receiver = name.to_owned();
        self.groups_itself = false;
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
        name.map_or(Ok(()), check_store_name)?;
        Ok(self.sink_of(name.unwrap_or(DEFAULT)))
    }

    /// The default store, likewise.
    pub(crate) fn default_sink(&self) -> Arc<dyn Sink> {
        self.sink_of(DEFAULT)
    }

    fn sink_of(&self, store: &str) -> Arc<dyn Sink> {
        let sink = store_sink(self.service, store);
        self.processing.wrap(&self.receiver, store, sink, self.groups_itself)
    }

    /// Finds the store that a request names: one that is configured, or that is there.
    pub(crate) fn sinks(&self) -> SinkResolver {
        resolver(self.config, self.service, self.processing, &self.receiver)
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

/// Finds the store that a request names: one that is configured, or that is there.
fn resolver(
    config: &Config,
    service: &Arc<dyn Service>,
    processing: &Arc<Processing>,
    receiver: &str,
) -> SinkResolver {
    let configured: HashSet<String> = config.stores.keys().cloned().chain([DEFAULT.to_owned()]).collect();
    let (service, processing, receiver) = (service.clone(), processing.clone(), receiver.to_owned());
    Arc::new(move |store| {
        // The server's own log is for the server alone.
        if store == OWN_STORE {
            return None;
        }
        let there = || service.stores().is_ok_and(|all| all.iter().any(|s| s.name == store));
        let known = configured.contains(store) || there();
        known.then(|| processing.wrap(&receiver, store, store_sink(&service, store), false))
    })
}

/// Longest name of a store.
const STORE_NAME_BYTES_MAX: usize = 64;

/// Says why no records can be sent to a store of this name, so that a start fails and not every record after it.
pub(super) fn check_store_name(name: &str) -> anyhow::Result<()> {
    if name == OWN_STORE {
        bail!("{OWN_STORE} is the server's own log: no records can be sent there, name another store");
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let begins = name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
    if !begins || name.len() > STORE_NAME_BYTES_MAX || !name.bytes().all(plain) {
        bail!(
            "{name:?} cannot be the name of a store: up to {STORE_NAME_BYTES_MAX} letters, digits, - and _, a letter or digit first"
        );
    }
    Ok(())
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
