//! Starts the receivers that the configuration names, and stops them.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context, bail};
use gastrolog_engine::{Location, Service};
use gastrolog_ingest::{Counters, Receiver, Shutdown};

use super::binding::Binding;
use super::config::Config;
use super::kinds;
use crate::failure::note;

/// A receiver and what it has counted.
pub(super) struct Counted {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) counters: Arc<Counters>,
}

impl Counted {
    /// What was dropped, for people; `None` when nothing was.
    fn dropped(&self) -> Option<String> {
        let now = self.counters.snapshot();
        let causes = now.dropped.iter().filter(|(_, count)| *count > 0);
        let causes: Vec<String> = causes.map(|(why, count)| format!("{} {count}", why.name())).collect();
        let (name, kind, received, stored) = (&self.name, self.kind, now.received, now.stored);
        (!causes.is_empty()).then(|| {
            let causes = causes.join(", ");
            format!("receiver {name} ({kind}): received {received}, stored {stored}, dropped: {causes}")
        })
    }
}

/// Receivers with their ports bound, not yet at work.
#[derive(Default)]
pub(super) struct Receivers {
    pub(super) routes: axum::Router,
    pub(super) counted: Vec<Counted>,
    pub(super) threads: Vec<Box<dyn Receiver>>,
    pub(super) listening: Vec<String>,
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
        let mut binding = Binding { location, config, service, into: &mut receivers };
        kinds::on_api(&mut binding);
        for receiver in &config.receivers {
            let name = receiver.name();
            receiver.bind(&mut binding).with_context(|| format!("receiver {name}"))?;
            if !names.insert(name) {
                bail!("two receivers are named {name}: give them different names");
            }
        }
        Ok(receivers)
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
                let name = receiver.name().to_owned();
                if let Err(e) = receiver.run(shutdown) {
                    note(&format!("receiver {name} has stopped: {e}"));
                }
            })
        });
        Running { threads: threads.collect(), counted: self.counted, shutdown, listening: self.listening }
    }
}

/// Receivers at work.
pub(super) struct Running {
    threads: Vec<JoinHandle<()>>,
    counted: Vec<Counted>,
    shutdown: Shutdown,
    listening: Vec<String>,
}

impl Running {
    /// Where they listen, for people.
    pub(super) fn listening(&self) -> &[String] {
        &self.listening
    }

    /// Asks them to stop, waits until they have stored what they hold, and says what was dropped.
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
        self.counted.iter().filter_map(Counted::dropped).for_each(|line| note(&line));
    }
}
