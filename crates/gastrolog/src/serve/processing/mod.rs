//! Routing and processing between the receivers and the stores, as the configuration says.

mod keys;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, bail};
use gastrolog_index::Pipeline;
use gastrolog_ingest::multiline::MultilineConfig;
use gastrolog_ingest::samples::Scrub;
use gastrolog_ingest::{RouteStatus, Routes, Sink};
use gastrolog_process::{Process, ProcessConfig, ProcessSink, Rest, Router, RuleConfig, Scrubber};

pub(crate) use self::keys::{ProcessKeys, RouteKeys, RoutingKeys};
use super::binding::check_target;
use super::config::Config;

/// What stands in front of the stores; nothing by default.
pub(super) struct Processing {
    /// By the name of a receiver, or as a route names it.
    processes: BTreeMap<String, (ProcessConfig, Arc<Process>)>,
    router: Option<Arc<Router>>,
    pipeline: Arc<Pipeline>,
}

impl Processing {
    /// What `config` says; `sink` finds stores by name, `routes` gets the counts.
    pub(super) fn new(
        config: &Config,
        pipeline: Pipeline,
        routes: &Routes,
        sink: &dyn Fn(&str) -> Arc<dyn Sink>,
    ) -> anyhow::Result<Processing> {
        let pipeline = Arc::new(pipeline);
        let mut processes = BTreeMap::new();
        for (name, keys) in &config.process {
            let at = || format!("[process.{name}]");
            let config = keys.config().with_context(at)?;
            let process = Arc::new(Process::new(&config, pipeline.clone()).with_context(at)?);
            list_cuts(routes, name, &process);
            list_early(routes, name, &process);
            processes.insert(name.clone(), (config, process));
        }
        let mut processing = Processing { processes, router: None, pipeline };
        let rest = config.routing.rest();
        if !config.routes.is_empty() || rest == Rest::Drop {
            let rules = config.routes.iter().enumerate().map(|(i, keys)| processing.rule(i, keys));
            let rules = rules.collect::<anyhow::Result<Vec<_>>>()?;
            let router = Router::new(&rules, rest, processing.pipeline.clone(), routes, sink)?;
            processing.router = Some(Arc::new(router));
        }
        Ok(processing)
    }

    /// Says which sections nothing uses: a mistake in a name must not leave secrets in.
    pub(super) fn check_used(&self, config: &Config, receivers: &[String]) -> anyhow::Result<()> {
        let is_used = |name: &String| {
            receivers.contains(name) || config.routes.iter().any(|r| r.process.as_ref() == Some(name))
        };
        match self.processes.keys().find(|name| !is_used(name)) {
            None => Ok(()),
            Some(name) => bail!(
                "[process.{name}]: there is no receiver of that name, and no route that names it; receivers are {}",
                receivers.join(", ")
            ),
        }
    }

    /// `sink`, which is `store`, with what is configured for `receiver` before it. A receiver that groups lines by
    /// itself does not want it done again.
    pub(super) fn wrap(
        &self,
        receiver: &str,
        store: &str,
        sink: Arc<dyn Sink>,
        groups_itself: bool,
    ) -> Arc<dyn Sink> {
        let process = self.processes.get(receiver).map(|(_, process)| process.clone());
        if process.is_none() && self.router.is_none() {
            return sink;
        }
        let front = ProcessSink::new(store, sink, process, self.router.clone());
        Arc::new(if groups_itself { front.without_grouping() } else { front })
    }

    /// What takes secrets out of input of each receiver that could not be taken apart: what is configured for the receiver,
    /// and for every route, since any of them might have taken it.
    pub(super) fn scrubbers(&self, config: &Config) -> impl Fn(&str) -> Option<Arc<dyn Scrub>> + use<> {
        let find = |(name, (_, process)): (&String, &(ProcessConfig, Arc<Process>))| {
            let of_route = config.routes.iter().any(|route| route.process.as_ref() == Some(name));
            (name.clone(), process.clone(), of_route)
        };
        let all: Vec<_> = self.processes.iter().map(find).collect();
        move |receiver| {
            let of = all.iter().filter(|(name, _, of_route)| name == receiver || *of_route);
            let scrubber = Scrubber::new(of.map(|(_, process, _)| process.clone()))?;
            Some(Arc::new(scrubber))
        }
    }

    /// How lines of `receiver` are grouped, for a receiver that does so by itself.
    pub(super) fn multiline(&self, receiver: &str) -> Option<MultilineConfig> {
        self.processes.get(receiver).and_then(|(config, _)| config.multiline.clone())
    }

    /// From now on nothing is held for what may come.
    pub(super) fn drain(&self) {
        self.processes.values().for_each(|(_, process)| process.drain());
    }

    fn rule(&self, i: usize, keys: &RouteKeys) -> anyhow::Result<RuleConfig> {
        let name = keys.name.clone().unwrap_or_else(|| format!("route {}", i + 1));
        let process = match &keys.process {
            None => None,
            Some(process) => match self.processes.get(process) {
                Some((config, _)) if config.multiline.is_some() => {
                    bail!("{name}: [process.{process}] groups lines, which has to be done before routing")
                }
                Some((config, _)) if config.tail_sample.is_some() => {
                    bail!("{name}: [process.{process}] samples traces, which has to be done before routing")
                }
                Some((_, process)) => Some(process.clone()),
                None => bail!("{name}: there is no [process.{process}]"),
            },
        };
        keys.stores.iter().try_for_each(|store| check_target(store)).with_context(|| name.clone())?;
        let (when, stores, goes_on) = (keys.when.clone(), keys.stores.clone(), keys.goes_on);
        Ok(RuleConfig { name, when, stores, goes_on, process })
    }
}

/// Shows what a limit of rates cut, by source, with the rules.
fn list_cuts(routes: &Routes, name: &str, process: &Arc<Process>) {
    if process.rate_limit().is_none() {
        return;
    }
    let (process, name) = (process.clone(), format!("(rate limit of {name})"));
    routes.list_also(move || {
        let Some(limit) = process.rate_limit() else { return Vec::new() };
        let status = |cut: gastrolog_process::Cut| RouteStatus {
            name: name.clone(),
            when: format!("{}={}", limit.per(), String::from_utf8_lossy(&cut.source)),
            stores: Vec::new(),
            records: cut.records,
            bytes: 0,
        };
        limit.cuts().into_iter().map(status).collect()
    });
}

/// Shows what tail sampling left out before its time, with the rules.
fn list_early(routes: &Routes, name: &str, process: &Arc<Process>) {
    let (process, name) = (process.clone(), format!("(tail sampling of {name})"));
    routes.list_also(move || {
        let early = process.sampled_early().filter(|records| *records > 0);
        let status = |records| RouteStatus {
            name: name.clone(),
            when: "left out before their time".to_owned(),
            stores: Vec::new(),
            records,
            bytes: 0,
        };
        early.map(status).into_iter().collect()
    });
}
