//! What was lost and leaves no trace once the store has been opened for writing: a chunk file that is gone, bad bytes of
//! the log, a chunk that was cut. It is written down before its trace goes, so that answers say that they lack something
//! after the next start too, until somebody who was told of it has it forgotten.
//!
//! The file `losses` is text: a line that says what it is, a line for each loss (file, place and reason, with tabs between
//! them), and a line with the CRC-32 of all before.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use gastrolog_env::{Env, EnvError, describe_this_process};

use super::recover::RecoveryReport;
use super::reserve::give_reserve;
use super::{Store, StoreError};
use crate::ReadError;

const HEAD: &str = "What this store has lost. `gastrolog repair` tells it once more and forgets it.";
const CRC: &str = "crc32 ";

/// How it is said that a chunk is gone.
pub(super) const FILE_MISSING: &str = "the file is missing";

/// Losses that are written down; further ones are said only when they are found.
const LOSSES_MAX: usize = 1000;

/// What is written down.
struct Losses {
    known: Vec<ReadError>,
    /// Whether the file is as it was written.
    is_whole: bool,
}

/// Adds what was lost before to what was found now. Changes no file.
pub(super) fn recall(env: &Env, dir: &Path, report: &mut RecoveryReport) -> Result<(), EnvError> {
    let Some(losses) = load(env, dir)? else { return Ok(()) };
    // A file may have been put back.
    let is_back = |loss: &ReadError| {
        loss.reason.starts_with(FILE_MISSING) && env.fs.exists(Path::new(&loss.file)).unwrap_or(false)
    };
    report.recall(losses.known.into_iter().filter(|loss| !is_back(loss)).collect());
    if !losses.is_whole {
        let reason = "it does not match its checksum; `gastrolog repair` forgets it";
        report.harmless.push(ReadError::new(&path_of_losses(dir), "whole file", reason));
    }
    Ok(())
}

/// Writes down what was found and will not be found again, and recalls what was lost before. On a full disk, with no
/// reserve to give away, it is said this time only.
pub(super) fn keep(env: &Env, dir: &Path, report: &mut RecoveryReport) -> Result<(), EnvError> {
    let new = report.passing_damage();
    let before = load(env, dir)?.map_or(Vec::new(), |losses| losses.known);
    let mut all = before.clone();
    all.extend(new.into_iter().filter(|loss| !is_among(loss, &before)));
    all.truncate(LOSSES_MAX);
    if all.len() > before.len() {
        let (path, text) = (path_of_losses(dir), encode(dir, &all));
        match env.fs.write_atomic(&path, text.as_bytes()) {
            Err(error) if error.is_full() => {
                if give_reserve(env, dir) {
                    let _ = env.fs.write_atomic(&path, text.as_bytes());
                }
            }
            written => written?,
        }
    }
    recall(env, dir, report)
}

impl Store {
    /// Forgets what the store in `dir`, which must be closed, has lost: answers no longer say so. For who has told it to
    /// somebody.
    ///
    /// # Errors
    /// When somebody has the store open, or the disk fails.
    pub fn forget_losses(env: &Env, dir: &Path) -> Result<(), StoreError> {
        let _lock = env.fs.lock(&dir.join("lock"), true, &describe_this_process(&*env.clock))?;
        let path = path_of_losses(dir);
        if env.fs.exists(&path)? {
            env.fs.remove_file(&path)?;
            env.fs.sync_dir(dir)?;
        }
        Ok(())
    }
}

/// Whether the same is said of the same place.
pub(super) fn is_among(loss: &ReadError, known: &[ReadError]) -> bool {
    known.iter().any(|k| (&k.file, &k.place, &k.reason) == (&loss.file, &loss.place, &loss.reason))
}

fn path_of_losses(dir: &Path) -> PathBuf {
    dir.join("losses")
}

fn load(env: &Env, dir: &Path) -> Result<Option<Losses>, EnvError> {
    let path = path_of_losses(dir);
    if !env.fs.exists(&path)? {
        return Ok(None);
    }
    match env.fs.read(&path) {
        Ok(bytes) => Ok(Some(decode(dir, &bytes))),
        Err(error) if error.is_of_the_medium() => Ok(Some(Losses { known: Vec::new(), is_whole: false })),
        Err(error) => Err(error),
    }
}

fn encode(dir: &Path, losses: &[ReadError]) -> String {
    let mut text = format!("{HEAD}\n");
    for loss in losses {
        // Without the path of the store, which may be moved.
        let file =
            Path::new(&loss.file).strip_prefix(dir).map_or(loss.file.clone(), |f| f.display().to_string());
        let parts = [&file, &loss.place, &loss.reason].map(|part| part.replace(char::is_control, " "));
        let _ = writeln!(text, "{}", parts.join("\t"));
    }
    let crc = crc32fast::hash(text.as_bytes());
    let _ = writeln!(text, "{CRC}{crc:08x}");
    text
}

/// What of it can be read, be it damaged.
fn decode(dir: &Path, file: &[u8]) -> Losses {
    let text = String::from_utf8_lossy(file);
    let lines: Vec<&str> = text.lines().collect();
    let is_loss = |line: &&&str| **line != HEAD && !line.starts_with(CRC) && !line.is_empty();
    let known: Vec<ReadError> =
        lines.iter().filter(is_loss).take(LOSSES_MAX).map(|line| loss_of(dir, line)).collect();
    let is_whole = encode(dir, &known).as_bytes() == file;
    Losses { known, is_whole }
}

fn loss_of(dir: &Path, line: &str) -> ReadError {
    let mut parts = line.splitn(3, '\t');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let file = dir.join(part());
    ReadError::new(&file, part(), part())
}
