//! The receiver: learns of containers and has each followed.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_follow::Start;
use gastrolog_ingest::{Backoff, Clock, Counters, Receiver, ReceiverError, Shutdown, Sink};
use gastrolog_net::run_async;
use parking_lot::Mutex;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::api::{Api, is_id};
use super::budget::Budget;
use super::config::EngineConfig;
use super::follow::follow;
use super::marks::{Mark, Marks};
use super::storer::{Storer, Taken};

/// Threads for the sockets; storing has threads of its own.
const SOCKET_THREADS: usize = 2;
/// Batches of containers that wait for the store; beyond it logs are not read on.
const QUEUE_BATCHES: usize = 64;

/// Containers of one engine, into one sink.
pub struct EngineReceiver {
    config: EngineConfig,
    sink: Arc<dyn Sink>,
    clock: Clock,
    counters: Arc<Counters>,
    marks: Marks,
}

/// What all tasks need.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) config: Arc<EngineConfig>,
    pub(crate) api: Api,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<Counters>,
    pub(crate) held: Budget,
    pub(crate) shutdown: Shutdown,
}

impl Shared {
    /// Counts and tells a fault of the engine.
    pub(crate) fn fault(&self, what: impl Display) {
        self.counters.fault();
        self.counters.said(&what);
        tracing::warn!(receiver = self.config.name, "{what}; it is tried again");
    }
}

impl EngineReceiver {
    /// Reads the bookmarks. An engine that is away is no error: it is tried again when the receiver runs.
    pub fn new(config: EngineConfig, sink: Arc<dyn Sink>, clock: Clock) -> Result<Self, ReceiverError> {
        config.check()?;
        let marks = Marks::load(&config.state_file)?;
        Ok(EngineReceiver { config, sink, clock, counters: Arc::default(), marks })
    }
}

impl Receiver for EngineReceiver {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "docker"
    }

    fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    fn run(self: Box<Self>, shutdown: Shutdown) -> Result<(), ReceiverError> {
        let EngineReceiver { config, sink, clock, counters, marks } = *self;
        let shared = Shared {
            api: Api::new(config.socket.clone()),
            config: Arc::new(config),
            clock,
            counters: counters.clone(),
            held: Budget::default(),
            shutdown: shutdown.clone(),
        };
        let first = marks.is_new;
        let (marks, present) = (Arc::new(Mutex::new(marks)), Arc::default());
        let storer = Storer { sink, counters, marks, present, shutdown };
        run_async("docker", SOCKET_THREADS, async {
            let (queue, taken) = channel(QUEUE_BATCHES);
            let storing = tokio::spawn(storer.clone().run(taken));
            Supervisor { shared, storer, queue, tasks: HashMap::new(), first }.run().await;
            storing.await.ok();
            Ok(())
        })
    }
}

/// Keeps a task for each container.
struct Supervisor {
    shared: Shared,
    storer: Storer,
    queue: Sender<Taken>,
    tasks: HashMap<String, JoinHandle<Mark>>,
    /// No list has come since the very first start.
    first: bool,
}

impl Supervisor {
    async fn run(mut self) {
        let mut backoff = Backoff::default();
        while !self.shared.shutdown.is_set() {
            let shutdown = self.shared.shutdown.clone();
            // Also while the engine leaves a question without an answer.
            tokio::select! {
                ended = self.session(&mut backoff) => self.shared.fault(format_args!("Docker's engine: {ended}")),
                () = shutdown.wait() => break,
            }
            if pause(&self.shared.shutdown, backoff.step()).await {
                break;
            }
        }
        for (_, task) in self.tasks {
            task.await.ok();
        }
    }

    /// One connection for events: from a list of all containers to what has ended it.
    async fn session(&mut self, backoff: &mut Backoff) -> io::Error {
        match self.attend(backoff).await {
            Ok(never) => match never {},
            Err(e) => e,
        }
    }

    async fn attend(&mut self, backoff: &mut Backoff) -> io::Result<Infallible> {
        // Events first: what is started between the two is in both, and begun once.
        let mut events = self.shared.api.events().await?;
        self.list().await?;
        *backoff = Backoff::default();
        let mut list_at = Instant::now() + self.shared.config.list_every;
        loop {
            tokio::select! {
                event = events.next() => match event? {
                    Some(id) => self.begin(id).await,
                    None => return Err(io::Error::other("it has ended the connection")),
                },
                // However many events come between two lists.
                () = tokio::time::sleep_until(list_at) => {
                    self.list().await?;
                    list_at = Instant::now() + self.shared.config.list_every;
                }
            }
        }
    }

    /// Begins with every container that is not followed: those that may run, and, once, those that have stopped.
    async fn list(&mut self) -> io::Result<()> {
        let mut listed = self.shared.api.list().await?;
        listed.retain(|listed| is_id(&listed.id));
        let ids: HashSet<String> = listed.iter().map(|listed| listed.id.clone()).collect();
        *self.storer.present.lock() = ids.clone();
        if std::mem::take(&mut self.first) {
            self.first_list(&ids)?;
        }
        self.tasks.retain(|id, task| !task.is_finished() || ids.contains(id));
        for one in listed {
            if one.is_alive() || !self.tasks.contains_key(&one.id) {
                self.begin(one.id).await;
            }
        }
        Ok(())
    }

    /// At the very first start: says where to begin with these, before anything is read of them.
    fn first_list(&self, ids: &HashSet<String>) -> io::Result<()> {
        let mut marks = self.storer.marks.lock();
        if self.shared.config.from == Start::End {
            let now = (self.shared.clock)().0;
            for id in ids {
                let mark = Mark { id: id.clone(), from_ns: Some(now), seen_ns: now, ..Mark::default() };
                marks.all.entry(id.clone()).or_insert(mark);
            }
        }
        marks.save(&self.storer.present.lock())
    }

    async fn begin(&mut self, id: String) {
        if self.tasks.get(&id).is_some_and(|task| !task.is_finished()) {
            return;
        }
        let under_way = self.tasks.values().filter(|task| !task.is_finished()).count();
        if under_way >= self.shared.config.containers_max {
            let fault = format_args!("{under_way} containers are followed already; {id} is not");
            return self.shared.fault(fault);
        }
        // What has stopped before may still be on its way into the store: the bookmark there is behind it.
        let stopped = match self.tasks.remove(&id) {
            Some(task) => task.await.ok(),
            None => None,
        };
        let mark = stopped.or_else(|| self.storer.marks.lock().all.get(&id).cloned());
        let mark = mark.unwrap_or_else(|| Mark { id: id.clone(), ..Mark::default() });
        let task = tokio::spawn(follow(self.shared.clone(), self.queue.clone(), mark));
        self.tasks.insert(id, task);
    }
}

/// Sleeps, or less when it is time to stop; says whether it is.
pub(crate) async fn pause(shutdown: &Shutdown, pause: Duration) -> bool {
    tokio::select! {
        () = shutdown.wait() => {}
        () = tokio::time::sleep(pause) => {}
    }
    shutdown.is_set()
}
