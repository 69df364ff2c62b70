//! The receiver: makes records at a rate and hands them to its sink.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gastrolog_ingest::{
    Clock, Counters, DropReason, Outcome, Receiver, ReceiverError, Shutdown, Sink, store_batch,
};
use gastrolog_types::{Attributes, Batch, Timestamp};

use crate::format::{Format, write_record};
use crate::token::Token;

/// Records are made this often; at low rates less often.
const STEP: Duration = Duration::from_millis(20);
/// Most records of one batch, which bounds memory at high rates.
const BATCH_RECORDS_MAX: u64 = 10_000;
/// Longest time to go on trying to store when told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// What to make.
#[derive(Clone, Debug)]
pub struct ChatterboxConfig {
    /// Name of the receiver, an attribute of its records.
    pub name: String,
    /// Records a second.
    pub rate: u64,
    /// Makes the records what they are, and names the run.
    pub seed: u64,
    /// The formats to take in turn.
    pub formats: Vec<Format>,
    /// How many records to make; `None`: until told to stop.
    pub count: Option<u64>,
}

impl Default for ChatterboxConfig {
    fn default() -> Self {
        ChatterboxConfig {
            name: "chatterbox".into(),
            rate: 10,
            seed: 1,
            formats: Format::ALL.to_vec(),
            count: None,
        }
    }
}

/// Talks to itself.
pub struct ChatterboxReceiver {
    config: ChatterboxConfig,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
}

impl ChatterboxReceiver {
    /// A receiver that begins when it is run.
    pub fn new(config: ChatterboxConfig, sink: Arc<dyn Sink>, clock: Clock) -> Result<Self, ReceiverError> {
        let wrong =
            |what: &str| Err(ReceiverError::Config(format!("chatterbox receiver {}: {what}", config.name)));
        if !(1..=1_000_000).contains(&config.rate) {
            return wrong("the rate must be between 1 and 1000000 records a second");
        }
        if config.formats.is_empty() {
            return wrong("no format is given");
        }
        Ok(ChatterboxReceiver { config, sink, clock, counters: Arc::default() })
    }

    /// Makes the records `from..to` as one batch.
    fn make(&self, from: u64, to: u64, attributes: &Attributes) -> Batch {
        let (mut batch, mut text) = (Batch::default(), String::new());
        for number in from..to {
            let now = (self.clock)();
            let turn = (number % self.config.formats.len() as u64) as usize;
            let token = Token {
                run: self.config.seed,
                number,
                time: now,
                format: self.config.formats.get(turn).copied().unwrap_or(Format::Text),
                last: self.config.count == Some(number + 1),
            };
            text.clear();
            write_record(&token, &mut text);
            batch.push(text.as_bytes(), attributes, now, Timestamp::NONE);
        }
        batch
    }

    /// Stores `batch`; false when it had to be given up.
    fn store(&self, batch: Batch, shutdown: &Shutdown) -> bool {
        self.counters.received_batch(&batch);
        let mut stop_at = None;
        let mut wait = |pause: Duration| {
            if shutdown.wait_timeout(pause) {
                std::thread::sleep(pause.min(Duration::from_millis(250)));
            }
            !shutdown.is_set() || *stop_at.get_or_insert_with(|| Instant::now() + DRAIN) > Instant::now()
        };
        match store_batch(&*self.sink, batch, &self.counters, &mut wait) {
            Outcome::Settled => true,
            Outcome::GivenUp(left) => {
                self.counters.dropped(DropReason::Shutdown, left.len() as u64);
                false
            }
        }
    }
}

impl Receiver for ChatterboxReceiver {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "chatterbox"
    }

    fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        let attributes = Attributes::new([("receiver", self.config.name.as_bytes())]);
        let end = self.config.count.unwrap_or(u64::MAX);
        let (mut made, mut base, mut started) = (0u64, 0u64, Instant::now());
        while made < end && !shutdown.is_set() {
            let due = base.saturating_add(due(self.config.rate, started.elapsed())).min(end);
            if due > made {
                let to = due.min(made + BATCH_RECORDS_MAX);
                let before = Instant::now();
                if !self.store(self.make(made, to, &attributes), &shutdown) {
                    return Ok(());
                }
                made = to;
                // After the store was away the rate goes on; what was not made meanwhile is not made up for.
                if before.elapsed() > Duration::from_secs(1) {
                    (base, started) = (made, Instant::now());
                }
                if due > made {
                    continue;
                }
            }
            shutdown.wait_timeout(pause(self.config.rate));
        }
        if made == end {
            // The run is over; the receiver stays, so that its counts can be asked for.
            while !shutdown.wait_timeout(Duration::from_secs(3600)) {}
        }
        Ok(())
    }
}

/// How many records are due after `elapsed`; the first one at once.
fn due(rate: u64, elapsed: Duration) -> u64 {
    let whole = u128::from(rate) * elapsed.as_micros() / 1_000_000;
    u64::try_from(whole).unwrap_or(u64::MAX).saturating_add(1)
}

fn pause(rate: u64) -> Duration {
    STEP.max(Duration::from_micros(1_000_000 / rate.max(1)) / 2)
}
