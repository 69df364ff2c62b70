//! `gastrolog ingest`.

use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use gastrolog_engine::{Access, Service};
use gastrolog_types::{Attributes, Batch};
use serde_json::{Value, json};

use crate::cli::{IngestArgs, PlaceArgs};
use crate::clock;
use crate::failure::{self, Outcome, note};
use crate::input::progress::Progress;
use crate::input::{Batches, Input, gathered, queue_length};
use crate::output;
use crate::place::reach;
use crate::serve::config::Config;
use crate::units;

/// What went in from one file, or from all.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    records: u64,
    bytes: u64,
}

pub(crate) fn run(place: &PlaceArgs, args: IngestArgs) -> anyhow::Result<Outcome> {
    let mut config = Config::default();
    config.set_durability(args.durability.as_deref())?;
    let reached = reach(place, Access::ReadWrite, &config)?;
    let store = place.name.as_deref().unwrap_or_default();
    let progress = Progress::new(args.quiet);
    let (began, mut all, mut files, mut failed) = (Instant::now(), Sum::default(), Vec::new(), 0);
    for path in &args.files {
        let file_began = Instant::now();
        let mut sum = Sum::default();
        let end = one_file(&*reached.service, store, path, &progress, &mut sum);
        all.records += sum.records;
        all.bytes += sum.bytes;
        let shown = path.display().to_string();
        files.push(sum_json(sum, file_began.elapsed(), Some(&shown)));
        if let Err(e) = end {
            failed += 1;
            progress.pause(|| failure::say(&e));
        } else if !args.quiet && args.files.len() > 1 {
            progress.pause(|| note(&format!("{shown}: {}", sum_text(sum, file_began.elapsed()))));
        }
    }
    progress.finish();
    if !args.quiet {
        note(&format!("stored {}", sum_text(all, began.elapsed())));
    }
    if args.json {
        let mut out = output::stdout();
        let mut summary = sum_json(all, began.elapsed(), None);
        summary["files"] = Value::Array(files);
        writeln!(out, "{summary}")?;
        out.flush()?;
    }
    match failed {
        0 => Ok(Outcome::Found),
        n => bail!("{n} of {} files not stored in full", args.files.len()),
    }
}

/// Stores one file. Reading (and inflating) runs on a thread of its own, beside storing.
fn one_file(
    service: &dyn Service,
    store: &str,
    path: &Path,
    progress: &Progress,
    sum: &mut Sum,
) -> anyhow::Result<()> {
    let shown = path.display().to_string();
    let input = Input::open(path).with_context(|| shown.clone())?;
    progress.start(&shown, input.size());
    let read = input.bytes_read();
    let (send, receive) = sync_channel(queue_length(input.is_live()));
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || read_batches(input, &send));
        let stored = store_batches(service, store, path, receive, sum, &|| progress.at(read.get()));
        let read = reader.join().unwrap_or_else(|_| bail!("the reader died"));
        stored.and(read).with_context(|| format!("{shown}: after {} records", units::count(sum.records)))
    })
}

fn read_batches(input: Input, send: &SyncSender<Vec<u8>>) -> anyhow::Result<()> {
    let live = input.is_live();
    let mut batches = Batches::new(input, live);
    while let Some(lines) = batches.next()? {
        if send.send(lines).is_err() {
            // Storing has failed and says why.
            break;
        }
    }
    Ok(())
}

fn store_batches(
    service: &dyn Service,
    store: &str,
    path: &Path,
    receive: Receiver<Vec<u8>>,
    sum: &mut Sum,
    tick: &dyn Fn(),
) -> anyhow::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let attributes = Attributes::new([("file", path.as_os_str().as_bytes()), ("receiver", b"ingest")]);
    while let Ok(first) = receive.recv() {
        let lines = gathered(first, &receive);
        let bytes = lines.len() as u64;
        let batch = Batch::from_lines(lines, attributes.clone(), clock::now());
        let accepted = service.append(store, batch)?;
        sum.records += accepted.count;
        sum.bytes += bytes;
        tick();
    }
    Ok(())
}

fn sum_text(sum: Sum, took: Duration) -> String {
    let rate = sum.bytes as f64 / 1e6 / took.as_secs_f64().max(1e-9);
    let (records, bytes) = (units::count(sum.records), units::bytes(sum.bytes));
    format!("{records} records, {bytes} in {:.2} s ({rate:.0} MB/s)", took.as_secs_f64())
}

fn sum_json(sum: Sum, took: Duration, file: Option<&str>) -> Value {
    let mut all = json!({"records": sum.records, "bytes": sum.bytes, "seconds": took.as_secs_f64()});
    if let Some(file) = file {
        all["file"] = Value::from(file);
    }
    all
}
