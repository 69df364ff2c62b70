//! Repairs stores that nobody has open.

use std::path::PathBuf;

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
    let Some((name, dir)) = store_dir(env, location, store)? else { return Ok(Vec::new()) };
    Store::repair(env, &dir).map_err(|e| store_error(name, e))
}

/// Forgets what a store has lost and what can no longer be seen of it: answers no longer say so.
///
/// # Errors
/// As [`repair`].
pub fn forget_losses(env: &Env, location: &Location, store: &str) -> Result<(), EngineError> {
    let Some((name, dir)) = store_dir(env, location, store)? else { return Ok(()) };
    Store::forget_losses(env, &dir).map_err(|e| store_error(name, e))
}

/// The name of a store, and where it is; nowhere in memory.
fn store_dir<'s>(
    env: &Env,
    location: &Location,
    store: &'s str,
) -> Result<Option<(&'s str, PathBuf)>, EngineError> {
    let name = if store.is_empty() { DEFAULT_STORE } else { store };
    check_store_name(name)?;
    let Location::Dir(dir) = location else { return Ok(None) };
    let dir = dir.join("stores").join(name);
    if !env.fs.exists(&dir).map_err(|e| EngineError::Unavailable(e.to_string()))? {
        return Err(EngineError::NotFound(format!("there is no store at {}", dir.display())));
    }
    Ok(Some((name, dir)))
}
