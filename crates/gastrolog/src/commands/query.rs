//! `gastrolog query`.

use std::io;

use anyhow::bail;
use gastrolog_engine::{Access, Answer, Cancel, QueryEnd};

use super::{request, say_damage};
use crate::cli::{Form, Limit, PlaceArgs, QueryArgs};
use crate::failure::{Outcome, note};
use crate::output::{self, Style, Times};
use crate::place::reach;
use crate::serve::config::Config;
use crate::units;

/// The limit where none is given.
pub(crate) const LIMIT_DEFAULT: u64 = 1000;

pub(crate) fn run(place: &PlaceArgs, args: QueryArgs) -> anyhow::Result<Outcome> {
    let style = Style::for_stdout(args.output, Times::new(&args.order.zone));
    let text = args.words.text() + &args.context.stage().unwrap_or_default();
    let mut request = request(place, text, &args.order)?;
    request.with_fields = style.form == Form::Json;
    request.resume = args.resume;
    request.limit = match args.limit {
        Some(Limit::None) => None,
        Some(Limit::At(n)) => Some(n),
        None => Some(LIMIT_DEFAULT),
    };
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let mut printer = output::printer(&style, output::stdout());
    let mut printed: io::Result<()> = Ok(());
    let mut shown = 0;
    let end = reached.service.query(&request, &Cancel::default(), &mut |piece| {
        shown += u64::from(matches!(piece, Answer::Record(_) | Answer::Row(_)));
        printed = output::print(&mut *printer, piece);
        printed.is_ok()
    });
    printed?;
    printer.flush()?;
    let end = end?;
    say_more(&end, shown, args.limit);
    end.notes.iter().for_each(|line| note(line));
    say_damage(&end.damage);
    if !end.damage.is_empty() && !args.allow_incomplete {
        bail!("the answer is incomplete (--allow-incomplete takes it as it is)");
    }
    Ok(Outcome::of(shown > 0))
}

/// Says that the limit left something out, and how to get it.
fn say_more(end: &QueryEnd, shown: u64, limit: Option<Limit>) {
    let shown = units::count(shown);
    match (end.more, end.resume.as_str(), limit) {
        (true, "", None) => {
            note(&format!("showing {shown}; there are more: --limit N, or --limit none for all"));
        }
        (true, token, _) if !token.is_empty() => {
            note(&format!("showing {shown}; for what follows: --resume {token} (or --limit none for all)"));
        }
        _ => {}
    }
}
