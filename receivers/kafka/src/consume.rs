//! One membership of the group: read a batch, store it, commit its offsets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gastrolog_ingest::{Clock, Counters, DropReason, Shutdown, Sink};
use gastrolog_net::{HoldLimits, hold};
use gastrolog_types::Batch;
use krafka::Kafka;
use krafka::auth::{AuthConfig, TlsConfig};
use krafka::consumer::{Consumer, ConsumerRecord, IsolationLevel};

use crate::config::{KafkaConfig, Mechanism};
use crate::receiver::pause;
use crate::records::{Offsets, gather};
use crate::topics;

/// How long one look for records waits.
const POLL: Duration = Duration::from_millis(500);
/// A store that is away for longer is no reason to be thrown out of the group: from then on the group is told that
/// this member is alive, with its partitions paused.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long leaving may take.
const CLOSE: Duration = Duration::from_secs(5);

/// What a run works with.
pub(crate) struct Shared {
    pub(crate) config: KafkaConfig,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<Counters>,
    pub(crate) shutdown: Shutdown,
}

/// Reads until shutdown, or until something does not work. `read` counts what was stored.
pub(crate) async fn consume(shared: &Shared, read: &mut u64) -> krafka::Result<()> {
    let connecting = connect(&shared.config);
    let kafka = tokio::select! {
        () = shared.shutdown.wait() => return Ok(()),
        kafka = connecting => kafka?,
    };
    let config = &shared.config;
    let consumer = kafka
        .consumer(config.group.clone())
        .auto_offset_reset(config.reset())
        .enable_auto_commit(false)
        .isolation_level(IsolationLevel::ReadCommitted)
        .max_poll_records(i32::try_from(config.batch_records_max).unwrap_or(i32::MAX))
        .fetch_max_bytes(i32::try_from(config.fetch_bytes_max).unwrap_or(i32::MAX))
        .metrics_push(false)
        .build()
        .await?;
    let member = Member { shared, kafka: &kafka, consumer: &consumer };
    let ended = member.run(read).await;
    // Offsets were committed before; leaving only lets the others have the partitions sooner.
    let left = tokio::time::timeout(CLOSE, consumer.close()).await;
    if !matches!(left, Ok(Ok(()))) {
        tracing::debug!(receiver = config.name, "leaving the consumer group failed");
    }
    ended
}

async fn connect(config: &KafkaConfig) -> krafka::Result<Kafka> {
    let mut builder = Kafka::builder(config.brokers.join(",")).client_id("gastrolog");
    if let Some(auth) = auth(config) {
        builder = builder.security(auth);
    }
    builder.connect().await
}

fn auth(config: &KafkaConfig) -> Option<AuthConfig> {
    let tls = config.tls.as_ref().map(|tls| match &tls.ca {
        Some(path) => TlsConfig::new().with_ca_cert(path.display().to_string()),
        None => TlsConfig::new(),
    });
    let login = config.login.as_ref().map(|login| {
        let (user, password) = (login.user.clone(), login.password.clone());
        match login.mechanism {
            Mechanism::Plain => AuthConfig::sasl_plain(user, password),
            Mechanism::Scram256 => AuthConfig::sasl_scram_sha256(user, password),
            Mechanism::Scram512 => AuthConfig::sasl_scram_sha512(user, password),
        }
    });
    match (login, tls) {
        (Some(login), Some(tls)) => Some(login.with_tls(tls)),
        (Some(login), None) => Some(login),
        (None, tls) => tls.map(AuthConfig::ssl),
    }
}

struct Member<'a> {
    shared: &'a Shared,
    kafka: &'a Kafka,
    consumer: &'a Consumer,
}

impl Member<'_> {
    async fn run(&self, read: &mut u64) -> krafka::Result<()> {
        let Shared { config, clock, shutdown, .. } = self.shared;
        let mut subscribed = Vec::new();
        let mut looked: Option<Instant> = None;
        let mut ahead: Vec<ConsumerRecord> = Vec::new();
        let mut uncommitted = Offsets::default();
        while !shutdown.is_set() {
            if looked.is_none_or(|at| at.elapsed() >= config.look_every) {
                looked = Some(Instant::now());
                self.subscribe(&mut subscribed).await?;
            }
            if subscribed.is_empty() {
                pause(shutdown, POLL.min(config.look_every)).await;
                continue;
            }
            let mut records = std::mem::take(&mut ahead);
            if records.is_empty() {
                records = tokio::select! {
                    () = shutdown.wait() => break,
                    records = self.consumer.poll(POLL) => records?,
                };
            }
            if !records.is_empty() {
                let (batch, offsets) = gather(&records, config, clock());
                if !self.store(batch, &mut ahead).await? {
                    break;
                }
                *read += records.len() as u64;
                uncommitted.merge(offsets);
            }
            self.commit(&mut uncommitted).await;
        }
        self.commit(&mut uncommitted).await;
        Ok(())
    }

    /// Reads the topics that are there by now.
    async fn subscribe(&self, subscribed: &mut Vec<String>) -> krafka::Result<()> {
        let config = &self.shared.config;
        let found = topics::find(self.kafka, &config.topics).await?;
        if found.is_empty() && subscribed.is_empty() {
            tracing::warn!(
                receiver = config.name,
                topics = config.topics.join(" "),
                "there is no such topic (yet)"
            );
        }
        // A topic that is gone for a moment stays subscribed: leaving it would read it anew.
        if found.iter().any(|topic| !subscribed.contains(topic)) {
            subscribed.extend(found);
            subscribed.sort_unstable();
            subscribed.dedup();
            self.consumer.subscribe(&*subscribed).await?;
        }
        Ok(())
    }

    /// Stores a batch; false when it had to be given up. While the store is away the member stays in its group; what a
    /// rebalance brings meanwhile goes to `ahead`.
    async fn store(&self, batch: Batch, ahead: &mut Vec<ConsumerRecord>) -> krafka::Result<bool> {
        let Shared { config, sink, counters, shutdown, .. } = self.shared;
        let limits = HoldLimits { drain: config.drain, lost: DropReason::HandedBack };
        let mut hold = hold(sink.clone(), batch, counters, shutdown, limits);
        tokio::select! {
            stored = hold.done() => return Ok(stored),
            () = tokio::time::sleep(PATIENCE) => {}
        }
        let stored = loop {
            self.set_paused(true).await;
            tokio::select! {
                stored = hold.done() => break stored,
                more = self.consumer.poll(POLL) => match more {
                    Ok(more) => ahead.extend(more),
                    // What is wrong now is met again by the next read; what is held must not be lost for it.
                    Err(_) => tokio::time::sleep(POLL).await,
                },
            }
        };
        self.set_paused(false).await;
        Ok(stored)
    }

    async fn set_paused(&self, paused: bool) {
        for (topic, partitions) in self.consumer.assignment().await {
            if paused {
                self.consumer.pause(&topic, &partitions).await;
            } else {
                self.consumer.resume(&topic, &partitions).await;
            }
        }
    }

    /// Commits; what fails is tried again with what comes next.
    async fn commit(&self, uncommitted: &mut Offsets) {
        if uncommitted.is_empty() {
            return;
        }
        match self.consumer.commit_offsets(uncommitted.list()).await {
            Ok(()) => *uncommitted = Offsets::default(),
            Err(e) => {
                self.shared.counters.fault();
                self.shared.counters.said(format_args!("committing offsets failed: {e}"));
                tracing::warn!(error = %e, receiver = self.shared.config.name, "committing offsets failed");
            }
        }
    }
}
