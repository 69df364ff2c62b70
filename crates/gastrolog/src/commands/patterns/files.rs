//! Patterns of the lines of files, counted as they are read: nothing is stored, and what is held is bounded.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use gastrolog_engine::PatternTable;
use gastrolog_index::Pipeline;
use gastrolog_types::{Attributes, Batch};

use super::Table;
use crate::cli::PatternsArgs;
use crate::clock;
use crate::input::progress::Progress;
use crate::input::{Batches, Input};
use crate::open::pipeline;

/// Batches that may wait; each is some MiB.
const BATCHES_WAITING: usize = 1;

/// Lines with the place of the first one among all.
type Numbered = (Batch, u64);

/// Counts the patterns of all files.
pub(super) fn patterns(args: &PatternsArgs) -> anyhow::Result<Table> {
    let progress = Progress::new(false);
    let (send, receive) = sync_channel(BATCHES_WAITING);
    let receive = Mutex::new(receive);
    let pipeline = pipeline();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (read, tables) = std::thread::scope(|scope| {
        let count = || count(&receive, &pipeline, args);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
        let read = read_files(args, &progress, &send);
        drop(send);
        let tables: Vec<_> = workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        (read, tables)
    });
    progress.finish();
    read?;
    let mut all = PatternTable::new(args.of.clone(), args.by.clone());
    for table in tables {
        match table {
            Ok(table) => all.merge(table),
            Err(_) => bail!("a thread that counts patterns died"),
        }
    }
    Ok(all.finish())
}

fn read_files(args: &PatternsArgs, progress: &Progress, send: &SyncSender<Numbered>) -> anyhow::Result<()> {
    let mut lines = 0;
    for path in &args.files {
        let shown = path.display().to_string();
        read_file(path, &shown, progress, send, &mut lines).with_context(|| shown.clone())?;
    }
    Ok(())
}

fn read_file(
    path: &Path,
    shown: &str,
    progress: &Progress,
    send: &SyncSender<Numbered>,
    lines: &mut u64,
) -> anyhow::Result<()> {
    let input = Input::open(path)?;
    progress.start(shown, input.size());
    let (read, live) = (input.bytes_read(), input.is_live());
    let mut batches = Batches::new(input, live);
    while let Some(text) = batches.next()? {
        let batch = Batch::from_lines(text, Attributes::default(), clock::now());
        let first = *lines;
        *lines += batch.len() as u64;
        if send.send((batch, first)).is_err() {
            bail!("counting has ended early");
        }
        progress.at(read.get());
    }
    Ok(())
}

/// Counts batches until there are no more.
fn count(receive: &Mutex<Receiver<Numbered>>, pipeline: &Pipeline, args: &PatternsArgs) -> PatternTable {
    let mut table = PatternTable::new(args.of.clone(), args.by.clone());
    let next = || receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok((batch, first)) = next() {
        for (i, record) in batch.records.iter().enumerate() {
            table.add(pipeline, batch.text_of(i), record.ingest, first + i as u64);
        }
    }
    table
}
