//! `gastrolog chatterbox check`.

use std::io::Write;

use anyhow::bail;
use gastrolog_engine::{Access, Answer, Cancel, Order, QueryRequest};
use gastrolog_receiver_chatterbox::{Check, Report, Run};
use serde_json::{Value, json};

use super::super::base;
use crate::cli::{CheckArgs, ListForm, PlaceArgs, WithArgs, ZoneArgs};
use crate::failure::{Outcome, note};
use crate::output;
use crate::place::reach;
use crate::serve::config::Config;
use crate::units::count;

pub(super) fn run(place: &PlaceArgs, args: &CheckArgs) -> anyhow::Result<Outcome> {
    let report = look(place, args)?;
    let mut out = output::stdout();
    match args.output {
        ListForm::Json => writeln!(out, "{}", as_json(&report))?,
        ListForm::Table => as_text(&report, args, &mut out)?,
    }
    out.flush()?;
    if report.runs.is_empty() {
        note("there are no records of a chatterbox");
    }
    Ok(Outcome::of(!report.runs.is_empty() && report.runs.iter().all(|run| is_sound(run, args))))
}

/// Reads all records in the order in which they were stored.
fn look(place: &PlaceArgs, args: &CheckArgs) -> anyhow::Result<Report> {
    let request = base(place, args.query.clone(), &WithArgs::default(), &ZoneArgs::default())?;
    let request = QueryRequest { order: Order::Write, oldest_first: true, ..request };
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let mut check = Check::default();
    let mut is_table = false;
    let end = reached.service.query(&request, &Cancel::default(), &mut |piece| {
        match piece {
            Answer::Record(found) => check.push(&found.record.text, found.record.ingest),
            Answer::Columns(_) | Answer::Row(_) => is_table = true,
            Answer::Notice(line) => note(&line),
        }
        !is_table
    })?;
    if is_table {
        bail!("--query must find records, not a table");
    }
    if !end.damage.is_empty() {
        bail!("the store could not be read whole: {}", end.damage.join(", "));
    }
    Ok(check.report())
}

fn is_sound(run: &Run, args: &CheckArgs) -> bool {
    let counted = args.expect.is_none_or(|expected| expected == run.distinct);
    let run = if args.wrapped { &Run { altered: 0, ..run.clone() } } else { run };
    counted && run.is_sound()
}

fn as_text(report: &Report, args: &CheckArgs, out: &mut impl Write) -> std::io::Result<()> {
    for run in &report.runs {
        let verdict = if is_sound(run, args) { "sound" } else { "NOT SOUND" };
        writeln!(out, "run {}: {verdict}", run.run)?;
        let end = match run.end {
            Some(_) => "its end was seen",
            None => "its end was not seen: more may be missing there",
        };
        writeln!(out, "  found        {} records, numbers 0 to {}; {end}", count(run.records), run.highest)?;
        writeln!(out, "  lost         {}{}", count(run.lost), gaps(run))?;
        writeln!(out, "  repeated     {}", count(run.repeated))?;
        writeln!(out, "  out of order {}", count(run.reordered))?;
        writeln!(
            out,
            "  altered      {}{}",
            count(run.altered),
            if args.wrapped { " (not counted)" } else { "" }
        )?;
        let ms = |us: u64| us as f64 / 1000.0;
        let delays = run.delays;
        writeln!(
            out,
            "  delay        half within {:.3} ms, 99 % within {:.3} ms, all within {:.3} ms",
            ms(delays.p50_us),
            ms(delays.p99_us),
            ms(delays.max_us)
        )?;
        if let Some(expected) = args.expect.filter(|expected| *expected != run.distinct) {
            writeln!(
                out,
                "  expected     {}, found {} different ones",
                count(expected),
                count(run.distinct)
            )?;
        }
        if run.inexact {
            writeln!(out, "  too many holes to remember: the figures are not exact")?;
        }
    }
    Ok(())
}

/// The first spans that are missing.
fn gaps(run: &Run) -> String {
    if run.gaps.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = run
        .gaps
        .iter()
        .map(|&(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") })
        .collect();
    format!(": {}", shown.join(" "))
}

fn as_json(report: &Report) -> Value {
    let run = |run: &Run| {
        json!({
            "run": run.run,
            "records": run.records,
            "distinct": run.distinct,
            "highest": run.highest,
            "end_seen": run.end.is_some(),
            "lost": run.lost,
            "gaps": run.gaps,
            "repeated": run.repeated,
            "reordered": run.reordered,
            "altered": run.altered,
            "delay_p50_us": run.delays.p50_us,
            "delay_p99_us": run.delays.p99_us,
            "delay_max_us": run.delays.max_us,
            "exact": !run.inexact,
        })
    };
    json!({ "runs": report.runs.iter().map(run).collect::<Vec<_>>(), "other_records": report.others })
}
