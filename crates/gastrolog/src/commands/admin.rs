//! `gastrolog verify`, `repair` and `seal`.

use std::io::Write;

use anyhow::bail;
use gastrolog_engine::Access;
use serde_json::json;

use crate::cli::{PlaceArgs, VerifyArgs};
use crate::failure::{Outcome, note};
use crate::input::progress::Progress;
use crate::output::{self, escaped};
use crate::place::reach;
use crate::serve::config::Config;
use crate::units;

pub(crate) fn verify(place: &PlaceArgs, args: VerifyArgs) -> anyhow::Result<Outcome> {
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let progress = Progress::new(false);
    let store = place.name.as_deref().unwrap_or_default();
    let report = reached.service.verify(store, &mut |done, all| progress.set(done, all))?;
    progress.finish();
    let mut out = output::stdout();
    if args.json {
        let all = json!({
            "files": report.files, "bytes": report.bytes, "records": report.records,
            "problems": report.problems,
        });
        writeln!(out, "{all}")?;
    } else {
        report.problems.iter().try_for_each(|p| writeln!(out, "{}", escaped(p.as_bytes())))?;
    }
    out.flush()?;
    let (files, bytes) = (units::count(report.files), units::bytes(report.bytes));
    note(&format!("checked {files} files, {bytes}, {} records", units::count(report.records)));
    match report.problems.len() {
        0 => Ok(Outcome::Found),
        1 => bail!("1 problem"),
        n => bail!("{n} problems"),
    }
}

pub(crate) fn repair(place: &PlaceArgs) -> anyhow::Result<Outcome> {
    if place.server.is_some() {
        bail!("a server has its stores open: stop it, and repair them where they are");
    }
    let location = crate::place::location(place)?;
    let name = place.name.as_deref().unwrap_or_default();
    let env = gastrolog_env::Env::real();
    let done = gastrolog_engine::repair(&env, &location, name)?;
    let mut out = output::stdout();
    done.iter().try_for_each(|line| writeln!(out, "{}", escaped(line.as_bytes())))?;
    // A writer makes the catalog again, and cuts off what a crash left.
    let reached = reach(place, Access::ReadWrite, &Config::default())?;
    let report = reached.service.verify(name, &mut |_, _| {})?;
    let is_copy = |p: &&String| p.contains("a damaged file was set aside");
    let lost: Vec<&String> = report.problems.iter().filter(|p| !is_copy(p)).collect();
    lost.iter().try_for_each(|p| writeln!(out, "lost: {}", escaped(p.as_bytes())))?;
    out.flush()?;
    drop(reached);
    // They have been told now.
    gastrolog_engine::forget_losses(&env, &location, name)?;
    note(&format!("repaired {}; {} records can be read", done.len(), units::count(report.records)));
    match lost.len() {
        0 => Ok(Outcome::Found),
        1 => bail!("1 place cannot be repaired"),
        n => bail!("{n} places cannot be repaired"),
    }
}

pub(crate) fn seal(place: &PlaceArgs) -> anyhow::Result<Outcome> {
    let reached = reach(place, Access::ReadWrite, &Config::default())?;
    let sealed = reached.service.seal(place.name.as_deref().unwrap_or_default())?;
    let mut out = output::stdout();
    sealed.iter().try_for_each(|id| writeln!(out, "{id}"))?;
    out.flush()?;
    if sealed.is_empty() {
        note("nothing to seal");
    }
    Ok(Outcome::of(!sealed.is_empty()))
}
