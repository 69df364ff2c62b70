//! The receiver: connects, reads until something goes wrong, and connects again.

use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::{Backoff, Clock, Counters, Receiver, ReceiverError, Shutdown, Sink};
use gastrolog_net::run_async;

use crate::config::KafkaConfig;
use crate::consume::{Shared, consume};

/// Threads for the sockets; storing has threads of its own.
const SOCKET_THREADS: usize = 2;

/// Topics of one Kafka cluster, into one sink.
pub struct KafkaReceiver {
    config: KafkaConfig,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
}

impl KafkaReceiver {
    /// A receiver that connects when it is run: a cluster that is away at start is no error, it is tried again.
    pub fn new(config: KafkaConfig, sink: Arc<dyn Sink>, clock: Clock) -> Result<Self, ReceiverError> {
        config.check()?;
        Ok(KafkaReceiver { config, sink, clock, counters: Arc::default() })
    }
}

impl Receiver for KafkaReceiver {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "kafka"
    }

    fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        let KafkaReceiver { config, sink, clock, counters } = *self;
        let shared = Shared { config, sink, clock, counters, shutdown };
        run_async("kafka", SOCKET_THREADS, async {
            let mut backoff = Backoff::default();
            while !shared.shutdown.is_set() {
                let mut read = 0;
                if let Err(e) = consume(&shared, &mut read).await {
                    shared.counters.fault();
                    shared.counters.said(format_args!("reading failed; it is tried again: {e}"));
                    tracing::warn!(error = %e, receiver = shared.config.name, "reading from Kafka failed; it is tried again");
                }
                if read > 0 {
                    backoff = Backoff::default();
                }
                pause(&shared.shutdown, backoff.step()).await;
            }
            Ok(())
        })
    }
}

/// Sleeps, or less when it is time to stop.
pub(crate) async fn pause(shutdown: &Shutdown, pause: Duration) {
    tokio::select! {
        () = shutdown.wait() => {}
        () = tokio::time::sleep(pause) => {}
    }
}
