//! `kind = "kafka"`.

use std::path::PathBuf;

use anyhow::bail;
use gastrolog_receiver_kafka::{KafkaConfig, KafkaReceiver, Login, Mechanism, StartAt, TimeFrom, TlsClient};
use serde::Deserialize;

use super::super::binding::Binding;
use super::Kind;

/// Topics of Kafka.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KafkaKeys {
    /// The `receiver` attribute of its records; left out: `kafka`.
    name: Option<String>,
    /// Where records go; left out: `default`.
    store: Option<String>,
    /// `host:port` of some brokers.
    brokers: Vec<String>,
    /// Names of topics, or globs.
    topics: Vec<String>,
    /// The consumer group.
    group: Option<String>,
    /// Where to begin with what the group has not read before.
    from: Option<From>,
    /// Which time records have.
    time: Option<Time>,
    /// Speak TLS.
    tls: Option<TlsOf>,
    /// Who reads.
    login: Option<LoginOf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum From {
    Earliest,
    Latest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Time {
    Kafka,
    Text,
}

/// `tls = {}` or `tls = { ca = "…" }`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsOf {
    ca: Option<PathBuf>,
}

/// `login = { mechanism = "scram-sha-512", user = "…", password = "…" }`.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginOf {
    mechanism: MechanismOf,
    user: String,
    password: String,
}

impl std::fmt::Debug for LoginOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginOf").field("mechanism", &self.mechanism).field("user", &self.user).finish()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum MechanismOf {
    #[serde(rename = "plain")]
    Plain,
    #[serde(rename = "scram-sha-256")]
    Scram256,
    #[serde(rename = "scram-sha-512")]
    Scram512,
}

impl Kind for KafkaKeys {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.brokers.is_empty() || self.topics.is_empty() {
            bail!("a kafka receiver needs `brokers` and `topics`");
        }
        Ok(())
    }

    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        let mut config = KafkaConfig {
            name,
            brokers: self.brokers.clone(),
            topics: self.topics.clone(),
            tls: self.tls.clone().map(|tls| TlsClient { ca: tls.ca }),
            login: self.login.as_ref().map(login),
            ..KafkaConfig::default()
        };
        config.group = self.group.clone().unwrap_or(config.group);
        if self.from == Some(From::Latest) {
            config.start = StartAt::Latest;
        }
        if self.time == Some(Time::Text) {
            config.time = TimeFrom::Text;
        }
        binding.say(format!("kafka {} {}", self.brokers.join(","), self.topics.join(" ")));
        binding.add(KafkaReceiver::new(config, binding.sink(self.store.as_deref())?, binding.clock())?);
        Ok(())
    }
}

fn login(keys: &LoginOf) -> Login {
    let mechanism = match keys.mechanism {
        MechanismOf::Plain => Mechanism::Plain,
        MechanismOf::Scram256 => Mechanism::Scram256,
        MechanismOf::Scram512 => Mechanism::Scram512,
    };
    Login { mechanism, user: keys.user.clone(), password: keys.password.clone() }
}
