//! Room on the disk that is kept free: with it chunks can be removed, and the catalog written, though the disk is full.
//!
//! It is a file that holds nothing. When a write that makes room finds none, the file goes, and no more records are
//! taken until there is enough room to have it again: else they would take it.

use std::path::{Path, PathBuf};

use gastrolog_env::{Env, EnvError};

use super::error::FlushError;
use super::flush::Flusher;
use crate::catalog::Catalog;

/// The file that is kept, and whether it is there.
pub(super) struct Reserve {
    path: PathBuf,
    bytes: u64,
    is_there: bool,
}

impl Reserve {
    pub(super) fn of(dir: &Path, bytes: u64) -> Reserve {
        Reserve { path: dir.join("reserve"), bytes, is_there: false }
    }

    /// Makes it, if it is not there.
    fn make(&mut self, env: &Env) -> Result<(), EnvError> {
        let found = if env.fs.exists(&self.path)? { Some(env.fs.size(&self.path)?) } else { None };
        if found != Some(self.bytes) {
            if found.is_some() {
                env.fs.remove_file(&self.path)?;
            }
            env.fs.reserve(&self.path, self.bytes)?;
        }
        self.is_there = true;
        Ok(())
    }

    /// Gives the room away; answers whether there was any.
    fn give(&mut self, env: &Env) -> bool {
        self.is_there = false;
        self.bytes > 0 && env.fs.remove_file(&self.path).is_ok()
    }
}

impl Flusher {
    /// Sees to it that there is a reserve; where there is no room for it, no more records are taken.
    pub(super) fn keep_reserve(&mut self) {
        if self.reserve.is_there || self.reserve.bytes == 0 {
            return;
        }
        let held = match self.reserve.make(&self.shared.env) {
            Err(error) if error.is_full() => Some(self.no_room()),
            // What else fails keeps nobody from storing records.
            Err(error) => {
                self.note(&error.to_string());
                None
            }
            Ok(()) => None,
        };
        self.shared.state.lock().held = held;
    }

    fn no_room(&self) -> FlushError {
        let (bytes, path) = (self.reserve.bytes, self.reserve.path.display());
        let reason = format!("the disk is full: there is no room for the reserve of {bytes} bytes, {path}");
        FlushError { reason: reason.into(), full: true }
    }

    /// Writes the catalog, if need be in the room of the reserve: what comes after it may make room.
    pub(super) fn write_catalog(&mut self, catalog: &Catalog) -> Result<(), EnvError> {
        let path = self.shared.dir.join("catalog");
        match catalog.store(&self.shared.env, &path) {
            Err(error) if error.is_full() && self.reserve.bytes > 0 => {
                self.shared.state.lock().held = Some(self.no_room());
                if self.reserve.give(&self.shared.env) {
                    catalog.store(&self.shared.env, &path)
                } else {
                    Err(error)
                }
            }
            done => done,
        }
    }
}
