//! `gastrolog follow`.

use std::io;

use anyhow::bail;
use gastrolog_engine::{Access, Answer, Cancel, QueryRequest};

use super::base;
use crate::cli::{FollowArgs, Form, PlaceArgs};
use crate::failure::Outcome;
use crate::output::{self, Style, Times};
use crate::place::reach;
use crate::serve::config::Config;

pub(crate) fn run(place: &PlaceArgs, args: FollowArgs) -> anyhow::Result<Outcome> {
    let style = Style::for_stdout(args.output, Times::new(&args.zone));
    if style.form == Form::Table {
        bail!("a table has an end; follow prints raw, json, csv or pretty");
    }
    let request = QueryRequest {
        oldest_first: true,
        limit: args.limit,
        with_fields: style.form == Form::Json,
        ..base(place, args.words.text(), &args.with, &args.zone)?
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
        left -= u64::from(matches!(piece, Answer::Record(_) | Answer::Row(_)));
        printed = output::print(&mut *printer, piece).and_then(|()| printer.flush());
        printed.is_ok() && left > 0
    });
    printed?;
    end?;
    Ok(Outcome::of(args.limit != Some(left)))
}
