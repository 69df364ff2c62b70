//! Makes again what can be computed from the row groups: heads, footers, the catalog. For a store that nobody has open.

use std::path::Path;

use gastrolog_env::{Env, describe_this_process};
use gastrolog_format::{CHUNK_HEAD_BYTES, ChunkHead, Compressor, Footer, FooterBudget};

use super::recover::{created_of, list};
use super::reserve::path_of_reserve;
use super::{Store, StoreError};
use crate::ChunkFile;
use crate::catalog::Catalog;
use crate::scan::{Scan, scan};
use crate::wal::DAMAGED;

/// How well footers are compressed (zstd).
const FOOTER_LEVEL: i32 = 3;

impl Store {
    /// Repairs the store in `dir`, which must be closed: says what it did. A file that it changes is kept as it was
    /// beside it, with the ending `damaged`. What was lost stays lost, and is told by whoever opens the store next.
    ///
    /// # Errors
    /// When somebody has the store open, or the disk fails.
    pub fn repair(env: &Env, dir: &Path) -> Result<Vec<String>, StoreError> {
        let _lock = env.fs.lock(&dir.join("lock"), true, &describe_this_process(&*env.clock))?;
        let catalog_path = dir.join("catalog");
        let mut done = Vec::new();
        let known = match Catalog::load(env, &catalog_path)? {
            Some(Ok(catalog)) => catalog,
            Some(Err(error)) => {
                env.fs.remove_file(&catalog_path)?;
                done.push(format!("{}: {error}; it is made again", catalog_path.display()));
                Catalog::default()
            }
            None => Catalog::default(),
        };
        let files = list(env, &dir.join("chunks"))?;
        for (id, path, _) in files {
            let summary = known.chunks.iter().find(|c| c.id == id);
            let generation = summary.map_or(0, |s| s.generation);
            // One that the catalog does not name may be growing, or was given up after a failed sync, with records that
            // the next one has too: who opens the store next knows, and seals it.
            done.extend(repair_chunk(env, &path, (id, generation), summary.is_some())?);
        }
        env.fs.sync_dir(&dir.join("chunks"))?;
        if let Some(damage) = Store::damage_of_reserve(env, dir) {
            env.fs.remove_file(&path_of_reserve(dir))?;
            done.push(format!("{damage}; it is removed, and made again by who writes to the store"));
        }
        Ok(done)
    }
}

/// Writes a chunk file anew when its head or footer is bad; says so.
fn repair_chunk(
    env: &Env,
    path: &Path,
    (id, generation): (u128, u32),
    is_sealed: bool,
) -> Result<Option<String>, StoreError> {
    let file = ChunkFile::new(env, path);
    let head = file.head().ok().and_then(|bytes| ChunkHead::read(&bytes).ok()).filter(|head| head.id == id);
    let has_footer = matches!(file.footer(), Ok(Ok(Some(_))));
    if head.is_some() && (has_footer || !is_sealed) {
        return Ok(None);
    }
    let old = env.fs.read(path)?;
    let found = scan(&old);
    if found.groups.is_empty() {
        return Ok(Some(format!("{}: no row group can be read; it is left as it is", path.display())));
    }
    let created = created_of(id);
    let mut new = Vec::with_capacity(old.len());
    head.unwrap_or(ChunkHead { id, created, generation }).put(&mut new);
    let content_end = if is_sealed && !has_footer { found.end } else { old.len() };
    new.extend_from_slice(old.get(CHUNK_HEAD_BYTES..content_end).unwrap_or(&[]));
    if is_sealed && !has_footer {
        footer_of(&found, &old).put(&mut Compressor::new(FOOTER_LEVEL), &mut new);
    }
    env.fs.write_atomic(&path.with_extension(DAMAGED), &old)?;
    env.fs.write_atomic(path, &new)?;
    let what = match (head.is_none(), is_sealed && !has_footer) {
        (true, true) => "head and footer",
        (true, false) => "head",
        _ => "footer",
    };
    let records = found.records();
    Ok(Some(format!("{}: the {what} made again; {records} records are in it", path.display())))
}

fn footer_of(found: &Scan, file: &[u8]) -> Footer {
    found.footer(file, FooterBudget::default()).unwrap_or_else(|_| found.bare_footer())
}
