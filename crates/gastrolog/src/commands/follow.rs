//! `gastrolog follow`.

use std::io;

use anyhow::bail;
use gastrolog_engine::{Access, Cancel, QueryRequest};

use crate::cli::{FollowArgs, Form, PlaceArgs};
use crate::failure::Outcome;
use crate::output::{self, Style};
use crate::place::reach;
use crate::serve::config::Config;

pub(crate) fn run(place: &PlaceArgs, args: FollowArgs) -> anyhow::Result<Outcome> {
    let style = Style::for_stdout(args.output, args.utc);
    if style.form == Form::Table {
        bail!("a table has an end; follow prints raw, json, csv or pretty");
    }
    let request = QueryRequest {
        query: args.words.text(),
        store: place.name.clone().unwrap_or_default(),
        oldest_first: true,
        with_fields: style.form == Form::Json,
        time_zone: style.times.zone_name(),
        ..Default::default()
    };
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    if !reached.by_server {
        bail!(
            "no server runs here, so nothing can arrive: start `gastrolog serve`, or name one with --server"
        );
    }
    let mut printer = output::printer(&style, output::stdout());
    let mut printed: io::Result<()> = Ok(());
    let mut left = args.limit.unwrap_or(u64::MAX);
    if left == 0 {
        return Ok(Outcome::Nothing);
    }
    let end = reached.service.follow(&request, &Cancel::default(), &mut |piece| {
        printed = output::print(&mut *printer, piece).and_then(|()| printer.flush());
        left -= 1;
        printed.is_ok() && left > 0
    });
    printed?;
    end?;
    Ok(Outcome::of(args.limit != Some(left)))
}
