//! `gastrolog patterns`: the shapes of messages in files or in a store.

mod files;
mod show;

use gastrolog_engine::{Access, Answer, Cancel, Value};

use self::show::Show;
use super::{base, whole};
use crate::cli::{Form, Limit, PatternsArgs, PlaceArgs, WithArgs};
use crate::failure::{Outcome, note};
use crate::output::{self, Style, Times};
use crate::place::reach;
use crate::serve::config::Config;
use crate::units;

/// Patterns that are shown where no other number is asked for.
const TOP_DEFAULT: u64 = 50;

/// The names of the columns and the rows.
type Table = (Vec<String>, Vec<Vec<Value>>);

pub(crate) fn run(place: &PlaceArgs, args: PatternsArgs) -> anyhow::Result<Outcome> {
    let (columns, mut rows) =
        if args.files.is_empty() { of_store(place, &args)? } else { files::patterns(&args)? };
    let found = rows.len();
    let top = match args.top {
        Some(Limit::None) => u64::MAX,
        Some(Limit::At(n)) => n,
        None => TOP_DEFAULT,
    };
    rows.truncate(usize::try_from(top).unwrap_or(usize::MAX));
    let style = Style::for_stdout(Some(args.output), Times::new(&args.zone));
    if style.form == Form::Pretty {
        Show::new(&style, args.by.len()).write(&rows, &mut output::stdout())?;
    } else {
        let mut printer = output::printer(&style, output::stdout());
        printer.columns(columns)?;
        rows.iter().cloned().try_for_each(|row| printer.row(row))?;
        printer.flush()?;
    }
    if rows.len() < found && args.top.is_none() {
        let (shown, found) = (units::count(rows.len() as u64), units::count(found as u64));
        note(&format!("showing {shown} of {found} patterns: --top N, or --top none for all"));
    }
    Ok(Outcome::of(found > 0))
}

/// The patterns of what a query finds.
fn of_store(place: &PlaceArgs, args: &PatternsArgs) -> anyhow::Result<Table> {
    let query = args.query.as_deref().unwrap_or("*");
    // The span is part of the query text, for `new` has to see it when it is parsed.
    let mut text = match args.last {
        Some(span) => format!("({query}) last={}s", span.as_secs().max(1)),
        None => query.to_owned(),
    };
    text.push_str(if args.new { " | new" } else { " | patterns" });
    args.of.iter().for_each(|field| text.push_str(&format!(" of {}", quoted(field))));
    if !args.by.is_empty() {
        let by: Vec<String> = args.by.iter().map(|field| quoted(field)).collect();
        text.push_str(&format!(" by {}", by.join(", ")));
    }
    let request = base(place, text, &WithArgs::default(), &args.zone)?;
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let mut table = Table::default();
    let end = reached.service.query(&request, &Cancel::default(), &mut |piece| {
        match piece {
            Answer::Columns(columns) => table.0 = columns,
            Answer::Row(row) => table.1.push(row),
            Answer::Notice(line) => note(&line),
            Answer::Record(_) => {}
        }
        true
    })?;
    end.notes.iter().for_each(|line| note(line));
    whole("the answer", &end.damage)?;
    Ok(table)
}

/// The name of a field as it stands in a query.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}
