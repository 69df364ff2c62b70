//! `gastrolog chatterbox`: makes up records, and checks what became of them.

mod check;

use std::io::Write;
use std::time::{Duration, Instant};

use gastrolog_receiver_chatterbox::{Format, Token, write_record};

use crate::cli::{ChatterboxArgs, ChatterboxCommand, EmitArgs, PlaceArgs};
use crate::failure::Outcome;
use crate::{clock, output};

/// At a given rate, records are printed this often.
const STEP: Duration = Duration::from_millis(20);

pub(crate) fn run(place: &PlaceArgs, args: ChatterboxArgs) -> anyhow::Result<Outcome> {
    match args.what {
        ChatterboxCommand::Emit(args) => emit(&args),
        ChatterboxCommand::Check(args) => check::run(place, &args),
    }
}

fn emit(args: &EmitArgs) -> anyhow::Result<Outcome> {
    let mut formats = args.format.clone();
    if formats.is_empty() {
        formats = Format::ALL.into_iter().filter(|f| f.is_one_line()).collect();
    }
    let mut out = output::stdout();
    let (started, mut line) = (Instant::now(), String::new());
    for number in 0..args.count.unwrap_or(u64::MAX) {
        if let Some(rate) = args.rate {
            while started.elapsed() < Duration::from_secs_f64(number as f64 / rate as f64) {
                out.flush()?;
                std::thread::sleep(STEP.min(Duration::from_secs_f64(1.0 / rate as f64)));
            }
        }
        let turn = (number % formats.len() as u64) as usize;
        let format = formats.get(turn).copied().unwrap_or(Format::Text);
        let last = args.count == Some(number + 1);
        line.clear();
        write_record(&Token { run: args.seed, number, time: clock::now(), format, last }, &mut line);
        line.push('\n');
        out.write_all(line.as_bytes())?;
    }
    out.flush()?;
    Ok(Outcome::Found)
}
