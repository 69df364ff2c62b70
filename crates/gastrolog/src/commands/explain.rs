//! `gastrolog explain`.

use std::io::{self, Write};

use gastrolog_engine::{Access, Cancel};

use super::query::LIMIT_DEFAULT;
use super::request;
use crate::cli::{ExplainArgs, Limit, PlaceArgs, PlanForm};
use crate::failure::Outcome;
use crate::output;
use crate::place::reach;
use crate::serve::config::Config;

pub(crate) fn run(place: &PlaceArgs, args: ExplainArgs) -> anyhow::Result<Outcome> {
    let mut request = request(place, args.words.text(), &args.order)?;
    request.limit = match args.limit {
        Some(Limit::None) => None,
        Some(Limit::At(n)) => Some(n),
        None => Some(LIMIT_DEFAULT),
    };
    let reached = reach(place, Access::ReadOnly, &Config::default())?;
    let plan = reached.service.explain(&request, args.analyze, &Cancel::default())?;
    let mut out = output::stdout();
    match args.output {
        PlanForm::Json => writeln!(out, "{:#}", output::plan_json(&plan))?,
        PlanForm::Tree => {
            let color = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
            out.write_all(output::plan_tree(&plan, color).as_bytes())?;
        }
    }
    out.flush()?;
    Ok(Outcome::Found)
}
