//! Room on the disk that is kept free: with it chunks can be removed, and the catalog written, though the disk is full.
//!
//! It is a file that holds nothing but zeros. When a write that makes room finds none, the file goes, and no more records
//! are taken until there is enough room to have it again: else they would take it.

use std::path::{Path, PathBuf};

use gastrolog_env::{Env, EnvError};

use super::Store;
use super::error::FlushError;
use super::flush::Flusher;
use crate::ReadError;
use crate::catalog::Catalog;

/// What is read of it at once, to look whether it is as it was written.
const LOOK_BYTES: usize = 1 << 20;

/// The file that is kept, and whether it is there.
pub(super) struct Reserve {
    path: PathBuf,
    bytes: u64,
    is_there: bool,
}

impl Reserve {
    pub(super) fn of(dir: &Path, bytes: u64) -> Reserve {
        Reserve { path: path_of_reserve(dir), bytes, is_there: false }
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

pub(super) fn path_of_reserve(dir: &Path) -> PathBuf {
    dir.join("reserve")
}

/// Gives the room of the reserve of the store in `dir` away; answers whether there was any.
pub(super) fn give_reserve(env: &Env, dir: &Path) -> bool {
    env.fs.remove_file(&path_of_reserve(dir)).is_ok()
}

impl Store {
    /// What is wrong with the reserve of the store in `dir`, if there is one. Nobody reads what is in it, but a byte that
    /// is not as it was written says that the disk does not keep what it holds.
    pub fn damage_of_reserve(env: &Env, dir: &Path) -> Option<ReadError> {
        let path = path_of_reserve(dir);
        let wrong = match first_changed_byte(env, &path) {
            Ok(None) => return None,
            Ok(Some(at)) => {
                ReadError::new(&path, format!("byte {at}"), "it is no longer zero, as it was written")
            }
            Err(error) => ReadError::new(&path, "reserve", error),
        };
        // Whoever writes to the store gives it away when the disk is full: then it is not there to be read.
        env.fs.exists(&path).unwrap_or(true).then_some(wrong)
    }
}

fn first_changed_byte(env: &Env, path: &Path) -> Result<Option<u64>, EnvError> {
    if !env.fs.exists(path)? {
        return Ok(None);
    }
    let (file, mut at) = (env.fs.open_read(path)?, 0);
    while at < file.len() {
        let len = usize::try_from(file.len() - at).unwrap_or(LOOK_BYTES).min(LOOK_BYTES);
        let bytes = file.read_at(at, len)?;
        if let Some(i) = bytes.iter().position(|&byte| byte != 0) {
            return Ok(Some(at + i as u64));
        }
        at += len as u64;
    }
    Ok(None)
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
