//! The kinds of receivers: for each its keys in the configuration, and how it is bound.
//!
//! A new kind is one file, one `mod` line and one line in `kinds!`; if it is served on the port of the API without
//! being configured, one line in [`on_api`] too.

mod beats;
mod chatterbox;
mod docker;
mod files;
mod fluent;
mod gelf;
mod http;
mod kafka;
mod kubernetes;
mod relp;
mod syslog;
mod tail;
mod tls;
mod web;

use anyhow::Context;
use serde::Deserialize;

pub(crate) use self::syslog::SyslogKeys;
pub(crate) use self::tail::TailKeys;
use super::binding::Binding;
use super::tagged::{self, Extra};

/// What the configuration says of one receiver.
pub(crate) trait Kind {
    /// The name it is given, if any; without it the kind is its name.
    fn name(&self) -> Option<&str>;

    /// What its records have beside.
    fn attributes(&self) -> &Extra;

    /// What the types cannot say.
    fn check(&self) -> anyhow::Result<()>;

    /// Binds its ports, so that a mistake is an error at start. `name` is that of [`ReceiverConfig::name`].
    fn bind(&self, name: String, binding: &mut Binding<'_>) -> anyhow::Result<()>;
}

macro_rules! kinds {
    ($($(#[$about:meta])* $kind:literal => $variant:ident($keys:ty),)*) => {
        /// A receiver, by its kind.
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        #[serde(tag = "kind")]
        pub(crate) enum ReceiverConfig {
            $($(#[$about])* #[serde(rename = $kind)] $variant($keys),)*
        }

        impl ReceiverConfig {
            /// What it is called in the configuration, and its keys.
            fn parts(&self) -> (&'static str, &dyn Kind) {
                match self {
                    $(ReceiverConfig::$variant(keys) => ($kind, keys),)*
                }
            }
        }
    };
}

kinds! {
    /// Elasticsearch's bulk API.
    "elastic" => Elastic(web::WebKeys<web::Elastic>),
    /// GELF over UDP, TCP and HTTP.
    "gelf" => Gelf(gelf::GelfKeys),
    /// `POST /ingest`.
    "http" => Http(http::HttpKeys),
    /// Uploads of the journal.
    "journald" => Journald(web::WebKeys<web::Journald>),
    /// Loki's push API.
    "loki" => Loki(web::WebKeys<web::Loki>),
    /// OTLP over gRPC and HTTP.
    "otlp" => Otlp(web::WebKeys<web::Otlp>),
    /// RELP, plain or over TLS.
    "relp" => Relp(relp::RelpKeys),
    /// Syslog over UDP, TCP and TLS.
    "syslog" => Syslog(SyslogKeys),
    /// Files that are followed.
    "tail" => Tail(TailKeys),
    /// Containers of Docker.
    "docker" => Docker(docker::DockerKeys),
    /// Containers of a Kubernetes node.
    "kubernetes" => Kubernetes(kubernetes::KubernetesKeys),
    /// Beats: Lumberjack, version 2.
    "beats" => Beats(beats::BeatsKeys),
    /// Fluent Forward.
    "fluent" => Fluent(fluent::FluentKeys),
    /// Topics of Kafka.
    "kafka" => Kafka(kafka::KafkaKeys),
    /// Made-up records, for tests.
    "chatterbox" => Chatterbox(chatterbox::ChatterboxKeys),
}

/// Binds the receivers that are served on the port of the API, always and without configuration.
pub(super) fn on_api(binding: &mut Binding<'_>) {
    http::on_api(binding);
    gelf::on_api(binding);
    web::on_api(binding);
}

impl ReceiverConfig {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        let (kind, keys) = self.parts();
        keys.name().unwrap_or(kind)
    }

    /// Its kind, as the configuration calls it.
    pub(crate) fn kind(&self) -> &'static str {
        self.parts().0
    }

    /// What its records have beside.
    pub(super) fn attributes(&self) -> &Extra {
        self.parts().1.attributes()
    }

    /// What the types cannot say.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        tagged::check(self.attributes()).with_context(|| format!("receiver {}", self.name()))?;
        self.parts().1.check()
    }

    /// Binds its ports.
    pub(super) fn bind(&self, binding: &mut Binding<'_>) -> anyhow::Result<()> {
        self.parts().1.bind(self.name().to_owned(), binding)
    }
}
