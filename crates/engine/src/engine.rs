//! The engine: named stores, opened for writing or reading.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_chunk::{Encoder, ReadOnlyStore, RecoveryReport, Snapshot, Store, StoreError};
use gastrolog_env::Env;
use gastrolog_exec::Cache;
use gastrolog_index::Pipeline;
use gastrolog_ingest::{Accepted, Sink, SinkError};
use gastrolog_types::{Batch, Timestamp};
use parking_lot::RwLock;

use crate::encoder::{LEVEL, PipelineEncoder};
use crate::measures::QueryMeter;
use crate::recompact::Recompactor;
use crate::usage::Used;
use crate::{Access, EngineConfig, EngineError, Location, OpenOptions};

/// The store that is meant when none is named.
pub const DEFAULT_STORE: &str = "default";

/// The store that is the server's own log. Nobody else can write to it: its name is none that a user may give.
pub const OWN_STORE: &str = "_gastrolog";

/// Longest name of a store.
const NAME_BYTES_MAX: usize = 64;

/// A set of named stores. Dropping it closes them; what was acknowledged stays.
pub struct Engine {
    pub(crate) env: Env,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) cache: Cache,
    pub(crate) config: EngineConfig,
    pub(crate) used: Used,
    pub(crate) opened: Timestamp,
    access: Access,
    pub(crate) root: PathBuf,
    stores: RwLock<BTreeMap<String, Arc<OpenStore>>>,
    pub(crate) recompactor: Recompactor,
    pub(crate) query_meter: QueryMeter,
}

/// A store that is open.
pub(crate) enum OpenStore {
    Writing(Arc<Store>),
    Reading(Box<ReadOnlyStore>),
}

impl OpenStore {
    pub(crate) fn snapshot(&self) -> Snapshot {
        match self {
            OpenStore::Writing(store) => store.snapshot(),
            OpenStore::Reading(store) => store.snapshot(),
        }
    }

    fn report(&self) -> &RecoveryReport {
        match self {
            OpenStore::Writing(store) => store.report(),
            OpenStore::Reading(store) => store.report(),
        }
    }

    /// Damage that was found when the store was opened, each with file, place and reason.
    pub(crate) fn damage(&self) -> Vec<String> {
        self.report().all_damage().iter().map(ToString::to_string).collect()
    }

    /// Why records cannot be stored now; empty when they can, or nobody wants to.
    pub(crate) fn trouble(&self) -> String {
        match self {
            OpenStore::Writing(store) => store.stats().trouble.as_deref().unwrap_or_default().to_owned(),
            OpenStore::Reading(_) => String::new(),
        }
    }

    /// Damage that was found then and that no answer lacks anything for.
    pub(crate) fn harmless_damage(&self) -> Vec<String> {
        self.report().harmless.iter().map(ToString::to_string).collect()
    }

    /// Waits until there are records beyond `seq`, a while at most. A store that is open for reading never grows.
    pub(crate) fn wait_for(&self, seq: u64, timeout: Duration) -> bool {
        match self {
            OpenStore::Writing(store) => store.wait_for(seq, timeout),
            OpenStore::Reading(_) => {
                std::thread::sleep(timeout);
                false
            }
        }
    }
}

impl Engine {
    /// Opens the stores at a location.
    ///
    /// # Errors
    /// [`EngineError::Locked`] when another process writes to one of them, [`EngineError::NotFound`] when they are to
    /// be read and are not there, [`EngineError::Unavailable`] when the disk fails.
    pub fn open(options: OpenOptions) -> Result<Arc<Engine>, EngineError> {
        let root = match &options.location {
            Location::Dir(dir) => dir.join("stores"),
            Location::Memory => PathBuf::from("/stores"),
        };
        check_indexers(&options)?;
        options.config.stores.keys().try_for_each(|name| check_store_name(name))?;
        let engine = Engine {
            opened: options.env.clock.now(),
            env: options.env,
            pipeline: options.pipeline,
            used: Used::default(),
            cache: Cache::new(options.config.cache),
            config: options.config,
            access: options.access,
            root,
            stores: RwLock::default(),
            recompactor: Recompactor::default(),
            query_meter: QueryMeter::default(),
        };
        let mut names = engine.names_on_disk()?;
        if engine.access == Access::ReadWrite {
            engine.env.fs.create_dir_all(&engine.root).map_err(unavailable)?;
            names.extend(engine.config.stores.keys().cloned());
            names.push(DEFAULT_STORE.to_owned());
        }
        names.sort();
        names.dedup();
        for name in names {
            let store = engine.open_store(&name)?;
            engine.stores.write().insert(name, store);
        }
        let engine = Arc::new(engine);
        if engine.access == Access::ReadWrite {
            Recompactor::start(&engine).map_err(unavailable)?;
        }
        Ok(engine)
    }

    fn names_on_disk(&self) -> Result<Vec<String>, EngineError> {
        if !self.env.fs.exists(&self.root).map_err(unavailable)? {
            return match self.access {
                Access::ReadWrite => Ok(Vec::new()),
                Access::ReadOnly => Err(EngineError::NotFound(format!(
                    "there is no store at {}; `gastrolog ingest FILE` or `gastrolog serve` makes one",
                    self.root.parent().unwrap_or(&self.root).display()
                ))),
            };
        }
        let entries = self.env.fs.list(&self.root).map_err(unavailable)?;
        let names = entries.into_iter().filter(|e| e.is_dir).filter_map(|e| e.name.into_string().ok());
        Ok(names.filter(|n| is_name(n) || n == OWN_STORE).collect())
    }

    fn open_store(&self, name: &str) -> Result<Arc<OpenStore>, EngineError> {
        let dir = self.root.join(name);
        let config = self.store_config(name);
        let opened = match self.access {
            Access::ReadWrite => {
                let encoder = Arc::new(self.encoder(name, LEVEL));
                let store = Store::open(self.env.clone(), &dir, config.options(), encoder);
                store.map(OpenStore::Writing)
            }
            Access::ReadOnly => {
                Store::open_read_only(&self.env, &dir).map(|s| OpenStore::Reading(Box::new(s)))
            }
        };
        Ok(Arc::new(opened.map_err(|e| store_error(name, e))?))
    }

    /// How a store is kept.
    pub(crate) fn store_config(&self, name: &str) -> &crate::StoreConfig {
        match name {
            OWN_STORE => &self.config.own_store,
            _ => self.config.stores.get(name).unwrap_or(&self.config.default_store),
        }
    }

    /// What makes row groups for a store.
    pub(crate) fn encoder(&self, name: &str, level: i32) -> impl Encoder + use<> {
        let indexers = self.indexer_bits(self.store_config(name));
        PipelineEncoder { pipeline: self.pipeline.clone(), indexers, level }
    }

    fn indexer_bits(&self, config: &crate::StoreConfig) -> u64 {
        let Some(wanted) = &config.indexers else { return u64::MAX };
        let names = self.pipeline.names().enumerate();
        names.filter(|(_, n)| wanted.iter().any(|w| w == n)).fold(0, |bits, (i, _)| bits | 1 << i)
    }

    /// The names of all stores.
    pub fn store_names(&self) -> Vec<String> {
        self.stores.read().keys().cloned().collect()
    }

    /// A store that is there.
    pub(crate) fn store(&self, name: &str) -> Result<Arc<OpenStore>, EngineError> {
        let name = or_default(name);
        self.stores.read().get(name).cloned().ok_or_else(|| {
            let known = self.store_names().join(", ");
            let known = if known.is_empty() { "none yet".to_owned() } else { known };
            EngineError::NotFound(format!("there is no store {name:?} (there are: {known})"))
        })
    }

    /// A store to write to; made when it is not there.
    pub(crate) fn store_to_write(&self, name: &str) -> Result<Arc<Store>, EngineError> {
        let name = or_default(name);
        let known = self.stores.read().get(name).cloned();
        let store = match known {
            Some(store) => store,
            None if !is_name(name) && name != OWN_STORE => return Err(bad_name(name)),
            None if self.access == Access::ReadWrite => {
                let mut stores = self.stores.write();
                match stores.get(name) {
                    Some(store) => store.clone(),
                    None => {
                        let store = self.open_store(name)?;
                        stores.insert(name.to_owned(), store.clone());
                        store
                    }
                }
            }
            None => return Err(read_only()),
        };
        match &*store {
            OpenStore::Writing(store) => Ok(store.clone()),
            OpenStore::Reading(_) => Err(read_only()),
        }
    }

    /// Stores a batch; returns once it is durable.
    pub fn append(&self, store: &str, batch: Batch) -> Result<Accepted, EngineError> {
        let name = or_default(store);
        // Also where it is open already, as the server's own log may be.
        check_store_name(name)?;
        self.append_to(name, batch)
    }

    /// Stores a batch in the server's own log, [`OWN_STORE`].
    pub fn append_own(&self, batch: Batch) -> Result<Accepted, EngineError> {
        self.append_to(OWN_STORE, batch)
    }

    fn append_to(&self, name: &str, batch: Batch) -> Result<Accepted, EngineError> {
        let (first_seq, count) =
            self.store_to_write(name)?.append(batch).map_err(|e| store_error(name, e))?;
        Ok(Accepted::stored(first_seq, count))
    }

    /// Seals what a store has; returns the ids of the chunks that were sealed.
    pub fn seal(&self, store: &str) -> Result<Vec<String>, EngineError> {
        let name = or_default(store);
        self.store(name)?;
        let sealed = self.store_to_write(name)?.seal().map_err(|e| store_error(name, e))?;
        Ok(sealed.into_iter().map(gastrolog_chunk::chunk_name).collect())
    }

    /// A sink into one store, for receivers.
    pub fn sink(self: &Arc<Self>, store: &str) -> Arc<dyn Sink> {
        Arc::new(StoreSink { engine: self.clone(), store: or_default(store).to_owned() })
    }

    /// Ends the threads of all stores. Records that are not in a row group yet stay in the log; nothing is sealed.
    pub fn close(&self) {
        self.recompactor.stop();
        for store in self.stores.read().values() {
            if let OpenStore::Writing(store) = &**store {
                store.close();
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

struct StoreSink {
    engine: Arc<Engine>,
    store: String,
}

impl Sink for StoreSink {
    fn append(&self, batch: Batch) -> Result<Accepted, SinkError> {
        self.engine.append(&self.store, batch).map_err(|e| match e {
            EngineError::Refused(_) | EngineError::NotFound(_) => SinkError::Refused(e.to_string()),
            _ => SinkError::Unavailable(e.to_string()),
        })
    }
}

pub(crate) fn or_default(store: &str) -> &str {
    if store.is_empty() { DEFAULT_STORE } else { store }
}

/// Names become folders, so they are kept plain: nothing in them can lead out of the data directory.
fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    name.len() <= NAME_BYTES_MAX
        && name.bytes().all(plain)
        && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

fn bad_name(name: &str) -> EngineError {
    EngineError::Refused(format!(
        "{name:?} cannot be the name of a store: up to {NAME_BYTES_MAX} letters, digits, - and _, a letter or digit first"
    ))
}

/// Whether a store can have this name, so that who is to send to it can be told before.
///
/// # Errors
/// [`EngineError::Refused`], with the rule, when none can.
pub fn check_store_name(name: &str) -> Result<(), EngineError> {
    if is_name(name) { Ok(()) } else { Err(bad_name(name)) }
}

fn check_indexers(options: &OpenOptions) -> Result<(), EngineError> {
    let known: Vec<&str> = options.pipeline.names().collect();
    let all = options.config.stores.values().chain([&options.config.default_store]);
    for name in all.flat_map(|s| s.indexers.iter().flatten()) {
        if !known.contains(&name.as_str()) {
            let known = known.join(", ");
            return Err(EngineError::Refused(format!("there is no indexer {name:?} (there are: {known})")));
        }
    }
    Ok(())
}

fn read_only() -> EngineError {
    EngineError::Refused("the stores are open for reading only".to_owned())
}

fn unavailable(error: impl ToString) -> EngineError {
    EngineError::Unavailable(error.to_string())
}

pub(crate) fn store_error(name: &str, error: StoreError) -> EngineError {
    let text = format!("store {name}: {error}");
    match error {
        StoreError::Locked(_) => EngineError::Locked(text),
        StoreError::Refused { .. } => EngineError::Refused(text),
        StoreError::Version { .. } => EngineError::Damaged(text),
        _ => EngineError::Unavailable(text),
    }
}
