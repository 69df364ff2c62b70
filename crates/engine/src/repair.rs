//! Repairs stores that nobody has open.

use gastrolog_chunk::Store;
use gastrolog_env::Env;

use crate::engine::{DEFAULT_STORE, check_store_name, store_error};
use crate::{EngineError, Location};

/// Makes again what can be computed of a store: the catalog, heads and footers of chunks. Returns what was done, a line
/// each. What is lost is told by [`crate::Service::verify`] afterwards.
///
/// # Errors
/// [`EngineError::Locked`] when somebody has the store open, [`EngineError::NotFound`] when there is none,
/// [`EngineError::Unavailable`] when the disk fails.
pub fn repair(env: &Env, location: &Location, store: &str) -> Result<Vec<String>, EngineError> {
    let name = if store.is_empty() { DEFAULT_STORE } else { store };
    check_store_name(name)?;
    let Location::Dir(dir) = location else { return Ok(Vec::new()) };
    let dir = dir.join("stores").join(name);
    if !env.fs.exists(&dir).map_err(|e| EngineError::Unavailable(e.to_string()))? {
        return Err(EngineError::NotFound(format!("there is no store at {}", dir.display())));
    }
    Store::repair(env, &dir).map_err(|e| store_error(name, e))
}
