//! Starts the receivers that the configuration names, and stops them.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context, bail};
use gastrolog_engine::{Location, Service};
use gastrolog_ingest::samples::SampleLog;
use gastrolog_ingest::{Counters, Receiver, ReceiverStatus, Roster, Shutdown};

use super::binding::{self, Binding};
use super::config::Config;
use super::errors;
use super::kinds;
use super::processing::Processing;
use super::tagged::Extra;
use crate::failure::note;
use crate::{clock, open};

/// A receiver on the port of the API.
pub(super) struct OnApi {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) counters: Arc<Counters>,
}

/// Receivers with their ports bound, not yet at work.
#[derive(Default)]
pub(super) struct Receivers {
    pub(super) routes: axum::Router,
    pub(super) on_api: Vec<OnApi>,
    pub(super) threads: Vec<Box<dyn Receiver>>,
    pub(super) listening: Vec<String>,
    /// How many of `listening` are in the roster.
    pub(super) said: usize,
    pub(super) roster: Arc<Roster>,
    /// What they are called.
    pub(super) names: Vec<String>,
    /// What stands before the stores, once it is bound.
    processing: Option<Arc<Processing>>,
    /// Where samples of what they cannot read or store go.
    pub(super) samples: Option<Arc<SampleLog>>,
}

impl Receivers {
    /// Binds what `config` names, so that a mistake is an error at start.
    pub(super) fn bind(
        location: &Location,
        config: &Config,
        service: &Arc<dyn Service>,
    ) -> anyhow::Result<Receivers> {
        let mut names = HashSet::new();
        let mut receivers = Receivers::default();
        let (routes, sink) = (receivers.roster.routes(), |store: &str| binding::store_sink(service, store));
        let processing = Arc::new(Processing::new(config, open::pipeline(), &routes, &sink)?);
        receivers.samples = errors::start(config, service, &processing)?;
        receivers.samples.iter().for_each(|log| receivers.roster.keep_samples(log.clone()));
        let mut binding = Binding {
            location,
            config,
            service,
            into: &mut receivers,
            processing: &processing,
            receiver: String::new(),
            groups_itself: false,
            extra: Extra::new(),
        };
        kinds::on_api(&mut binding);
        for receiver in &config.receivers {
            let name = receiver.name();
            binding.begin(name);
            binding.extra = receiver.attributes().clone();
            receiver.bind(&mut binding).with_context(|| format!("receiver {name}"))?;
            if !names.insert(name) {
                bail!("two receivers are named {name}: give them different names");
            }
            let kind = receiver.kind();
            if binding.into.on_api.iter().any(|api| api.name == name && api.kind == kind) {
                bail!(
                    "receiver {name}: that is what the {kind} receiver on the port of the API is called; give it another `name`"
                );
            }
        }
        processing.check_used(config, &receivers.names)?;
        receivers.processing = Some(processing);
        Ok(receivers)
    }

    /// Who receives, for those who ask.
    pub(super) fn roster(&self) -> Arc<Roster> {
        self.roster.clone()
    }

    /// Adds the receivers that are served on the port of the API to the roster.
    pub(super) fn enlist_on_api(&self, address: Option<SocketAddr>) {
        for OnApi { name, kind, counters } in &self.on_api {
            let at = address.iter().map(|a| format!("http://{a}")).collect();
            self.roster.add(name, kind, at, counters.clone());
        }
    }

    /// The routes of the receivers on the port of the API.
    pub(super) fn routes(&self) -> axum::Router {
        self.routes.clone()
    }

    /// Puts them to work, each on a thread of its own.
    pub(super) fn start(self) -> Running {
        let shutdown = Shutdown::new();
        let threads = self.threads.into_iter().map(|receiver| {
            let shutdown = shutdown.clone();
            std::thread::spawn(move || {
                let (name, counters) = (receiver.name().to_owned(), receiver.counters());
                let ended = receiver.run(shutdown);
                counters.stopped();
                if let Err(e) = ended {
                    counters.said(&e);
                    note(&format!("receiver {name} has stopped: {e}"));
                }
            })
        });
        Running {
            threads: threads.collect(),
            roster: self.roster,
            shutdown,
            listening: self.listening,
            processing: self.processing,
        }
    }
}

/// Receivers at work.
pub(super) struct Running {
    threads: Vec<JoinHandle<()>>,
    roster: Arc<Roster>,
    shutdown: Shutdown,
    listening: Vec<String>,
    processing: Option<Arc<Processing>>,
}

impl Running {
    /// Where they listen, for people.
    pub(super) fn listening(&self) -> &[String] {
        &self.listening
    }

    /// Asks them to stop, waits until they have stored what they hold, and says what was dropped.
    pub(super) async fn stop(self) {
        self.shutdown.start();
        self.processing.iter().for_each(|processing| processing.drain());
        let joined = tokio::task::spawn_blocking(move || {
            for thread in self.threads {
                // A receiver that panicked has said so.
                let _ = thread.join();
            }
        });
        // The task ends only with the threads, or with the runtime.
        let _ = joined.await;
        let roster = self.roster.clone();
        let _ = tokio::task::spawn_blocking(move || roster.close_samples()).await;
        self.roster.status(clock::now()).iter().filter_map(dropped).for_each(|line| note(&line));
    }
}

/// What a receiver has dropped, for people; `None` when it dropped nothing.
fn dropped(receiver: &ReceiverStatus) -> Option<String> {
    let ReceiverStatus { name, kind, counts, .. } = receiver;
    let causes = counts.dropped.iter().filter(|(_, count)| *count > 0);
    let causes: Vec<String> = causes.map(|(why, count)| format!("{} {count}", why.name())).collect();
    (!causes.is_empty()).then(|| {
        let (received, stored, causes) = (counts.received, counts.stored, causes.join(", "));
        format!("receiver {name} ({kind}): received {received}, stored {stored}, dropped: {causes}")
    })
}
