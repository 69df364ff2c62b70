//! What is known of pods: a bounded cache, filled by a thread that asks the API server.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use gastrolog_follow::Pairs;
use gastrolog_ingest::{Backoff, Counters, ReceiverError};
use gastrolog_net::run_async;
use parking_lot::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::api::{Api, ApiConfig};
use crate::place::Place;

/// Pods that are known; beyond it the one that was asked for longest ago is forgotten. A node runs a few hundred.
const PODS_MAX: usize = 4096;
/// Questions that wait; one that finds no place is asked later.
const QUEUE_MAX: usize = 1024;
/// A question that got no answer is asked again after this time.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// Namespace, name, uid.
type Key = (String, String, String);

/// The cache; it ends its thread when it is dropped.
pub(crate) struct Pods {
    refresh: Duration,
    known: Arc<Mutex<HashMap<Key, Entered>>>,
    questions: Sender<Place>,
    counters: Arc<OnceLock<Arc<Counters>>>,
}

#[derive(Clone)]
struct Entered {
    /// `None` until the server has answered.
    pairs: Option<Arc<Pairs>>,
    asked: Instant,
}

fn key(place: &Place) -> Key {
    (place.namespace.clone(), place.pod.clone(), place.uid.clone())
}

impl Pods {
    pub(crate) fn new(config: ApiConfig) -> Result<Pods, ReceiverError> {
        let (questions, asked) = channel(QUEUE_MAX);
        let pods =
            Pods { refresh: config.refresh, known: Arc::default(), questions, counters: Arc::default() };
        let asker =
            Asker { api: Api::new(config), known: pods.known.clone(), counters: pods.counters.clone() };
        std::thread::Builder::new()
            .name("kubernetes".into())
            .spawn(move || {
                if let Err(e) = run_async("kubernetes", 1, asker.run(asked)) {
                    tracing::warn!(error = %e, "pods are not asked for");
                }
            })
            .map_err(ReceiverError::io("starting a thread that asks for pods"))?;
        Ok(pods)
    }

    /// Where faults of the API server are counted.
    pub(crate) fn count_by(&self, counters: Arc<Counters>) {
        self.counters.set(counters).ok();
    }

    /// What is known of a pod, which is asked for when it is time to. Never waits.
    pub(crate) fn get(&self, place: &Place) -> Option<Arc<Pairs>> {
        if ![&place.namespace, &place.pod].into_iter().all(|name| is_name(name)) {
            return None;
        }
        let mut known = self.known.lock();
        if known.len() >= PODS_MAX && !known.contains_key(&key(place)) {
            let oldest = known.iter().min_by_key(|(_, entered)| entered.asked).map(|(key, _)| key.clone());
            oldest.map(|oldest| known.remove(&oldest));
        }
        match known.entry(key(place)) {
            Entry::Vacant(place_of_it) => {
                if self.questions.try_send(place.clone()).is_ok() {
                    place_of_it.insert(Entered { pairs: None, asked: Instant::now() });
                }
                None
            }
            Entry::Occupied(mut entered) => {
                let entered = entered.get_mut();
                let wait = if entered.pairs.is_some() { self.refresh } else { ASK_AGAIN.min(self.refresh) };
                if entered.asked.elapsed() >= wait && self.questions.try_send(place.clone()).is_ok() {
                    entered.asked = Instant::now();
                }
                entered.pairs.clone()
            }
        }
    }
}

/// Whether it may be part of a path of the API: `..` is no name.
fn is_name(name: &str) -> bool {
    name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

/// Asks.
struct Asker {
    api: Api,
    known: Arc<Mutex<HashMap<Key, Entered>>>,
    counters: Arc<OnceLock<Arc<Counters>>>,
}

impl Asker {
    /// One question after the other, until nobody asks any more.
    async fn run(mut self, mut questions: Receiver<Place>) -> Result<(), ReceiverError> {
        let mut backoff = Backoff::default();
        while let Some(place) = questions.recv().await {
            match self.api.pod(&place).await {
                Ok(pairs) => {
                    backoff = Backoff::default();
                    if let Some(entered) = self.known.lock().get_mut(&key(&place)) {
                        // Of one that is gone by now stays what was known: its last lines are of the same pod.
                        if !pairs.is_empty() || entered.pairs.is_none() {
                            entered.pairs = Some(Arc::new(pairs));
                        }
                    }
                }
                Err(e) => {
                    self.fault(&place, &e);
                    tokio::select! {
                        () = tokio::time::sleep(backoff.step()) => {}
                        () = closed(&questions) => return Ok(()),
                    }
                }
            }
        }
        Ok(())
    }

    fn fault(&self, place: &Place, fault: &std::io::Error) {
        tracing::warn!(pod = place.pod, error = %fault, "the API server did not tell of a pod; it is asked again");
        if let Some(counters) = self.counters.get() {
            counters.fault();
            counters.said(format_args!("the API server, asked for pod {}: {fault}", place.pod));
        }
    }
}

/// Until nobody is left who could ask.
async fn closed(questions: &Receiver<Place>) {
    while !questions.is_closed() && questions.sender_strong_count() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
