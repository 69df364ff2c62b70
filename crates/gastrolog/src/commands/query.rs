//! `gastrolog query`.

use std::io;

use anyhow::bail;
use gastrolog_engine::{Access, Answer, Cancel};

use super::request;
use crate::cli::{Form, Limit, PlaceArgs, QueryArgs};
use crate::failure::{Outcome, note};
use crate::output::{self, Style};
use crate::place::reach;
use crate::serve::config::Config;
use crate::units;

/// The limit where none is given.
pub(crate) const LIMIT_DEFAULT: u64 = 1000;

pub(crate) fn run(place: &PlaceArgs, args: QueryArgs) -> anyhow::Result<Outcome> {
    let style = Style::for_stdout(args.output, args.order.utc);
    let mut request = request(place, args.words.text(), &args.order);
    request.with_fields = style.form == Form::Json;
    // One more than is shown, to know whether there was more.
    request.limit = match args.limit {
        Some(Limit::None) => None,
        Some(Limit::At(n)) => Some(n),
        None => Some(LIMIT_DEFAULT + 1),
    };
    let shown_max = if args.limit.is_none() { LIMIT_DEFAULT } else { u64::MAX };
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let mut printer = output::printer(&style, output::stdout());
    let mut printed: io::Result<()> = Ok(());
    let (mut shown, mut more) = (0, false);
    let end = reached.service.query(&request, &Cancel::default(), &mut |piece| {
        if !matches!(piece, Answer::Columns(_)) {
            more = shown == shown_max;
            if more {
                return false;
            }
            shown += 1;
        }
        printed = output::print(&mut *printer, piece);
        printed.is_ok()
    });
    printed?;
    printer.flush()?;
    let end = end?;
    if more {
        let count = units::count(LIMIT_DEFAULT);
        note(&format!("showing {count}; there are more: --limit N, or --limit none for all"));
    }
    for part in &end.damage {
        note(&format!("could not be read: {part}"));
    }
    if !end.damage.is_empty() && !args.allow_incomplete {
        bail!("the answer is incomplete (--allow-incomplete takes it as it is)");
    }
    Ok(Outcome::of(shown > 0))
}
