//! `gastrolog receivers`: what each receiver of the running server has counted.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::bail;
use gastrolog_engine::{Access, Location};
use gastrolog_ingest::ReceiverStatus;
use serde_json::{Map, Value, json};

use super::list::color;
use crate::cli::{ListArgs, ListForm, PlaceArgs, ReceiverTestArgs, ReceiversArgs, ReceiversCommand};
use crate::failure::Outcome;
use crate::output::{self, Cell, Out, Table, Times, escaped};
use crate::place::{location, reach};
use crate::probe::{self, Place, Step, Trust};
use crate::serve::config::Config;
use crate::units::bytes;

pub(crate) fn run(place: &PlaceArgs, args: &ReceiversArgs) -> anyhow::Result<Outcome> {
    match &args.what {
        None => list(place, &args.list),
        Some(ReceiversCommand::Test(test)) => run_test(place, test),
    }
}

fn run_test(place: &PlaceArgs, args: &ReceiverTestArgs) -> anyhow::Result<Outcome> {
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let receivers = reached.service.receivers()?;
    let Some(receiver) = receivers.iter().find(|r| r.name == args.receiver) else {
        let known: Vec<&str> = receivers.iter().map(|r| r.name.as_str()).collect();
        bail!("there is no receiver {:?} (there are: {})", args.receiver, known.join(", "));
    };
    let place = Place { service: &*reached.service, state_file: state_file(place, &receiver.name) };
    let steps = probe::test(&place, receiver, &Trust::new(&args.tls)?);
    let ok = steps.iter().all(|step| step.result.is_ok());
    let mut out = output::stdout();
    if args.json {
        let steps: Vec<Value> = steps.iter().map(step_as_json).collect();
        let report = json!({ "receiver": receiver.name, "kind": receiver.kind, "ok": ok, "steps": steps });
        writeln!(out, "{report}")?;
    } else {
        for Step { what, result, took } in &steps {
            let (mark, text) = match result {
                Ok(text) => ("ok    ", text),
                Err(text) => ("failed", text),
            };
            let (what, text, ms) = (escaped(what.as_bytes()), escaped(text.as_bytes()), took.as_millis());
            writeln!(out, "{mark}  {what}  {ms} ms: {text}")?;
        }
    }
    out.flush()?;
    if !ok {
        bail!("the test of receiver {} failed", receiver.name);
    }
    Ok(Outcome::Found)
}

/// Where the server keeps the bookmarks of a receiver, if it is the one of this data directory.
fn state_file(place: &PlaceArgs, receiver: &str) -> Option<PathBuf> {
    match location(place).ok().filter(|_| place.server.is_none())? {
        Location::Dir(dir) => Some(dir.join("receivers").join(format!("{receiver}.tail"))),
        Location::Memory => None,
    }
}

fn step_as_json(step: &Step) -> Value {
    let (ok, text) = match &step.result {
        Ok(text) => (true, text),
        Err(text) => (false, text),
    };
    json!({ "what": step.what, "ok": ok, "text": text, "ms": step.took.as_secs_f64() * 1e3 })
}

fn list(place: &PlaceArgs, args: &ListArgs) -> anyhow::Result<Outcome> {
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let receivers = reached.service.receivers()?;
    let times = Times::new(&args.zone);
    let mut out = output::stdout();
    match args.output {
        ListForm::Json => receivers.iter().try_for_each(|r| writeln!(out, "{}", as_json(r, &times)))?,
        ListForm::Table => write_table(&mut out, &receivers, &times)?,
    }
    out.flush()?;
    Ok(Outcome::of(!receivers.is_empty()))
}

fn write_table(out: &mut Out, receivers: &[ReceiverStatus], times: &Times) -> io::Result<()> {
    let head = [
        "receiver",
        "kind",
        "state",
        "received",
        "stored",
        "dropped",
        "in flight",
        "lag",
        "per second",
        "parse errors",
        "faults",
        "address",
    ];
    let mut table = Table::new(head, color());
    for r in receivers {
        table.row(vec![
            Cell::from(escaped(r.name.as_bytes())),
            Cell::from(escaped(r.kind.as_bytes())),
            Cell::from(r.state.name().replace('_', " ")),
            Cell::count(r.counts.received),
            Cell::count(r.counts.stored),
            Cell::count(r.counts.dropped_total()),
            Cell::count(r.counts.in_flight()),
            Cell::right(lag(r)),
            Cell::right(format!("{:.1}", r.per_second)),
            Cell::count(r.counts.parse_errors),
            Cell::count(r.counts.faults),
            Cell::from(escaped(r.addresses.join(" ").as_bytes())),
        ]);
    }
    table.write(out)?;
    for r in receivers {
        for (reason, n) in r.counts.dropped.iter().filter(|(_, n)| *n > 0) {
            writeln!(out, "{}: dropped {n}: {}", escaped(r.name.as_bytes()), reason.name())?;
        }
        if let Some((when, text)) = &r.last_error {
            let (name, text) = (escaped(r.name.as_bytes()), escaped(text.as_bytes()));
            writeln!(out, "{name}: last error {}: {text}", times.readable(*when))?;
        }
    }
    Ok(())
}

/// How long the oldest record waits, and of files what is not read yet.
fn lag(r: &ReceiverStatus) -> String {
    let seconds = r.lag.as_secs();
    match r.unread_bytes.unwrap_or_default() {
        0 => format!("{seconds} s"),
        unread => format!("{seconds} s, {}", bytes(unread)),
    }
}

fn as_json(r: &ReceiverStatus, times: &Times) -> Value {
    let dropped: Map<String, Value> =
        r.counts.dropped.iter().map(|(reason, n)| (reason.name().to_owned(), (*n).into())).collect();
    let (when, last_error) = r.last_error.as_ref().map_or((Value::Null, Value::Null), |(when, text)| {
        (times.rfc3339(*when).into(), text.as_str().into())
    });
    json!({
        "name": r.name, "kind": r.kind, "state": r.state.name(), "addresses": r.addresses,
        "lag_ms": u64::try_from(r.lag.as_millis()).unwrap_or(u64::MAX), "unread_bytes": r.unread_bytes, "received": r.counts.received,
        "stored": r.counts.stored, "dropped": dropped, "in_flight": r.counts.in_flight(),
        "parse_errors": r.counts.parse_errors, "faults": r.counts.faults, "per_second": r.per_second,
        "last_error": last_error, "last_error_at": when,
    })
}
