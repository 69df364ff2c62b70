//! What to read, from where, and as whom.

use std::path::PathBuf;
use std::time::Duration;

use gastrolog_ingest::ReceiverError;
use krafka::consumer::AutoOffsetReset;

/// Where a partition begins that the group has not read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// With what is in it.
    Earliest,
    /// With what comes from now on.
    Latest,
}

/// Which time a record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFrom {
    /// The one its producer gave it. Where the topic has the time of the broker instead, that in the text.
    Kafka,
    /// The one in its text.
    Text,
}

/// How a password is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// As it is: only with TLS.
    Plain,
    /// SCRAM-SHA-256.
    Scram256,
    /// SCRAM-SHA-512.
    Scram512,
}

/// Who reads.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// How.
    pub mechanism: Mechanism,
    /// Name of the user.
    pub user: String,
    /// And its password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("mechanism", &self.mechanism).field("user", &self.user).finish()
    }
}

/// TLS towards the brokers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsClient {
    /// The roots to trust, in PEM; `None`: those that browsers trust.
    pub ca: Option<PathBuf>,
}

/// What to read and what to allow.
#[derive(Clone, Debug)]
pub struct KafkaConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// `host:port` of some brokers of the cluster.
    pub brokers: Vec<String>,
    /// Names of topics, or globs of them.
    pub topics: Vec<String>,
    /// The consumer group. Receivers of one group share the partitions.
    pub group: String,
    /// Where to begin with a partition that the group has not read before.
    pub start: StartAt,
    /// Which time records have.
    pub time: TimeFrom,
    /// TLS; `None` speaks in the clear.
    pub tls: Option<TlsClient>,
    /// Who reads; `None`: nobody in particular.
    pub login: Option<Login>,
    /// Records stored at once.
    pub batch_records_max: usize,
    /// Bytes of one answer of a broker.
    pub fetch_bytes_max: usize,
    /// How often the list of topics is looked at again.
    pub look_every: Duration,
    /// How long to go on storing when told to stop.
    pub drain: Duration,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        KafkaConfig {
            name: "kafka".into(),
            brokers: Vec::new(),
            topics: Vec::new(),
            group: "gastrolog".into(),
            start: StartAt::Earliest,
            time: TimeFrom::Kafka,
            tls: None,
            login: None,
            batch_records_max: 5_000,
            fetch_bytes_max: 8 << 20,
            look_every: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

impl KafkaConfig {
    pub(crate) fn check(&self) -> Result<(), ReceiverError> {
        let wrong =
            |what: String| Err(ReceiverError::Config(format!("kafka receiver {}: {what}", self.name)));
        if self.brokers.is_empty() || self.brokers.iter().any(String::is_empty) {
            return wrong("no broker is given".into());
        }
        if self.topics.is_empty() {
            return wrong("no topic is given".into());
        }
        if self.group.is_empty() {
            return wrong("the group has no name".into());
        }
        if let Some((topic, e)) = self.topics.iter().find_map(|t| Some((t, glob::Pattern::new(t).err()?))) {
            return wrong(format!("topic {topic:?}: {e}"));
        }
        Ok(())
    }

    pub(crate) fn reset(&self) -> AutoOffsetReset {
        match self.start {
            StartAt::Earliest => AutoOffsetReset::Earliest,
            StartAt::Latest => AutoOffsetReset::Latest,
        }
    }
}
