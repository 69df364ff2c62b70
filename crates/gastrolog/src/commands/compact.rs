//! `gastrolog compact`.

use std::io::Write;

use anyhow::bail;
use gastrolog_engine::{Access, CompactReport};
use serde_json::json;

use crate::cli::{CompactArgs, PlaceArgs};
use crate::failure::{Outcome, note};
use crate::input::progress::Progress;
use crate::output::{self, escaped};
use crate::place::reach;
use crate::serve::config::Config;
use crate::units;

pub(crate) fn run(place: &PlaceArgs, args: CompactArgs) -> anyhow::Result<Outcome> {
    let reached = reach(place, Access::ReadWrite, &Config::default())?;
    let store = place.name.as_deref().unwrap_or_default();
    let progress = Progress::new(false);
    let mut size = None;
    let report = reached.service.compact(store, &mut |done, all| {
        if size.replace(all) != Some(all) {
            progress.start("compacting", Some(all));
        }
        progress.at(done);
        true
    })?;
    progress.finish();
    let mut out = output::stdout();
    if args.json {
        writeln!(out, "{}", json_of(&report))?;
    } else {
        report.left.iter().try_for_each(|line| writeln!(out, "{}", escaped(line.as_bytes())))?;
    }
    out.flush()?;
    note(&said(&report));
    match report.left.len() {
        0 => Ok(Outcome::of(report.chunks_before > 0)),
        1 => bail!("1 chunk cannot be read and was left as it is"),
        n => bail!("{n} chunks cannot be read and were left as they are"),
    }
}

fn said(r: &CompactReport) -> String {
    if r.chunks_before == 0 {
        return "nothing to compact: only sealed chunks are, and each once".to_owned();
    }
    let chunks = |n: u64| if n == 1 { "1 chunk".to_owned() } else { format!("{} chunks", units::count(n)) };
    format!(
        "{} of {} became {} of {}",
        chunks(r.chunks_before),
        units::bytes(r.bytes_before),
        chunks(r.chunks_after),
        units::bytes(r.bytes_after)
    )
}

fn json_of(r: &CompactReport) -> serde_json::Value {
    json!({
        "chunks_before": r.chunks_before, "chunks_after": r.chunks_after, "records": r.records,
        "raw_bytes": r.raw_bytes, "stored_bytes_before": r.bytes_before, "stored_bytes_after": r.bytes_after,
        "left": r.left,
    })
}
