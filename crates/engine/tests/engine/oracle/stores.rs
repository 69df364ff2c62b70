//! The same records in stores of all shapes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gastrolog_engine::{
    Access, Engine, EngineConfig, Location, OpenOptions, QueryLimits, Service, StoreConfig,
};
use gastrolog_env::{Env, Fs};
use gastrolog_types::{Batch, Timestamp};
use proptest::prelude::*;

use super::lines::{Line, attributes_of};
use crate::support::pipeline;

/// How a store came to be as it is.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Bytes of text in a row group: the less, the more row groups.
    row_group_bytes: u64,
    /// Seal after so many batches.
    seal_every: Option<usize>,
    /// Seal at the end; else the last records are in the active chunk, or in the log.
    sealed: bool,
    /// Whether the indexers may lay out columns.
    columns: bool,
    /// Distinct values that a footer may keep.
    footer_values: usize,
    /// Its sealed chunks are written anew.
    recompacted: bool,
    /// Closed, and opened again from its files.
    reopened: bool,
    /// A byte of the footer of each sealed chunk is wrong, so that it has to be made anew from the row groups.
    damaged: bool,
}

const PLAIN: Shape = Shape {
    row_group_bytes: 1 << 20,
    seal_every: None,
    sealed: false,
    columns: true,
    footer_values: 4096,
    recompacted: false,
    reopened: false,
    damaged: false,
};

/// The states a store goes through, and the corners of its configuration.
pub(crate) fn shapes() -> Vec<Shape> {
    vec![
        PLAIN,
        Shape { row_group_bytes: 300, seal_every: Some(3), ..PLAIN },
        Shape { seal_every: Some(3), sealed: true, ..PLAIN },
        Shape { row_group_bytes: 500, sealed: true, columns: false, ..PLAIN },
        Shape { row_group_bytes: 200, seal_every: Some(2), sealed: true, footer_values: 2, ..PLAIN },
        Shape { row_group_bytes: 400, seal_every: Some(4), reopened: true, footer_values: 0, ..PLAIN },
        Shape {
            row_group_bytes: 300,
            seal_every: Some(3),
            sealed: true,
            damaged: true,
            reopened: true,
            ..PLAIN
        },
        Shape { row_group_bytes: 200, seal_every: Some(2), recompacted: true, reopened: true, ..PLAIN },
    ]
}

/// Any shape.
pub(super) fn any_shape() -> impl Strategy<Value = Shape> {
    let seal = proptest::option::of(1usize..6);
    let footer = prop_oneof![Just(0), Just(1), 2usize..8, Just(4096), Just(usize::MAX)];
    (1u64..2000, seal, any::<bool>(), any::<bool>(), footer, any::<[bool; 3]>()).prop_map(
        |(row_group_bytes, seal_every, sealed, columns, footer_values, [recompacted, reopened, damaged])| {
            Shape {
                row_group_bytes,
                seal_every,
                // A chunk that grows has no footer: a wrong byte at its end would be one of a row group.
                sealed: sealed || damaged,
                columns,
                footer_values,
                recompacted,
                reopened,
                damaged,
            }
        },
    )
}

/// A store filled with `lines`.
pub(crate) fn store(lines: &[Line], shape: &Shape) -> Arc<Engine> {
    let env = Env::memory();
    let engine = open(shape, &env);
    for (i, part) in lines.chunks(7).enumerate() {
        let mut batch = Batch::default();
        for line in part {
            let source = line.source.map_or(Timestamp::NONE, Timestamp);
            batch.push(&line.text, &attributes_of(line), Timestamp(line.ingest), source);
        }
        engine.append("", batch).unwrap();
        if shape.seal_every.is_some_and(|every| i % every == every - 1) {
            engine.seal("").unwrap();
        }
    }
    if shape.sealed {
        engine.seal("").unwrap();
    }
    if shape.recompacted {
        let report = engine.compact("", &mut |_, _| true).unwrap();
        assert_eq!(report.left, Vec::<String>::new());
    }
    if !shape.reopened && !shape.damaged {
        return engine;
    }
    drop(engine);
    if shape.damaged {
        chunk_files(&*env.fs, Path::new("/stores")).iter().for_each(|path| spoil_footer(&*env.fs, path));
    }
    open(shape, &env)
}

fn open(shape: &Shape, env: &Env) -> Arc<Engine> {
    let default_store = StoreConfig {
        row_group_bytes: shape.row_group_bytes,
        indexers: (!shape.columns).then(Vec::new),
        footer_values: shape.footer_values,
        recompact_row_group_bytes: 3 * shape.row_group_bytes,
        ..StoreConfig::default()
    };
    let config = EngineConfig {
        default_store,
        query_threads: 2,
        query: QueryLimits::default(),
        ..EngineConfig::default()
    };
    Engine::open(OpenOptions {
        location: Location::Memory,
        access: Access::ReadWrite,
        config,
        pipeline: pipeline(),
        env: env.clone(),
    })
    .unwrap()
}

fn chunk_files(fs: &dyn Fs, dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs.list(dir).unwrap() {
        let path = dir.join(&entry.name);
        if entry.is_dir {
            found.extend(chunk_files(fs, &path));
        } else if path.extension().is_some_and(|e| e == "chunk") {
            found.push(path);
        }
    }
    found
}

fn spoil_footer(fs: &dyn Fs, path: &Path) {
    let mut bytes = fs.read(path).unwrap();
    let at = bytes.len().saturating_sub(9);
    bytes[at] ^= 0x10;
    fs.remove_file(path).unwrap();
    let mut file = fs.create_new(path).unwrap();
    file.append(&bytes).unwrap();
    file.sync().unwrap();
}
