//! Completion: the scripts for shells, and what they ask for while someone types.
//!
//! The scripts hand over the line up to the cursor. Commands, options and their values come from the definition of the
//! command line; names and values of fields come from the store that the line names.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Arg, CommandFactory};
use clap_complete::Shell;
use gastrolog_engine::{Access, Cancel, QueryRequest, Service, ValuesRequest};

use self::line::{Line, Token, split};
use crate::cli::{Cli, PlaceArgs};
use crate::failure::Outcome;
use crate::output;
use crate::place::reach;
use crate::serve::config::Config;
use crate::words;

mod line;

const BASH: &str = include_str!("complete/gastrolog.bash");
const ZSH: &str = include_str!("complete/gastrolog.zsh");
const FISH: &str = include_str!("complete/gastrolog.fish");

/// Fields and values that are offered at once.
const OFFERED_MAX: usize = 200;

/// What may stand behind a `|`.
const STAGES: [&str; 24] = [
    "context",
    "dedup",
    "eval",
    "extract",
    "fields",
    "head",
    "join",
    "limit",
    "lookup",
    "new",
    "parse",
    "patterns",
    "rare",
    "rename",
    "sample",
    "sort",
    "stats",
    "tail",
    "timechart",
    "top",
    "where",
    "by",
    "from",
    "on",
];

/// Prints the script for a shell.
pub(crate) fn script(shell: Shell) -> anyhow::Result<Outcome> {
    let mut out = output::stdout();
    match shell {
        Shell::Bash => out.write_all(BASH.as_bytes())?,
        Shell::Zsh => out.write_all(ZSH.as_bytes())?,
        Shell::Fish => out.write_all(FISH.as_bytes())?,
        other => clap_complete::generate(other, &mut Cli::command(), "gastrolog", &mut out),
    }
    out.flush()?;
    Ok(Outcome::Found)
}

/// Prints what could stand at the end of `line`, a candidate a line. Whatever goes wrong, there is just nothing.
pub(crate) fn run(shell: Shell, line: &str) -> anyhow::Result<Outcome> {
    let Some(line) = split(line) else { return Ok(Outcome::Nothing) };
    let candidates = candidates(&line);
    let skip = if shell == Shell::Bash { line.kept_by_bash() } else { 0 };
    let mut out = io::stdout().lock();
    for candidate in candidates.iter().filter_map(|c| c.get(skip..)) {
        writeln!(out, "{candidate}")?;
    }
    Ok(Outcome::of(!candidates.is_empty()))
}

/// Whole words that could stand for the last one of the line.
fn candidates(line: &Line) -> Vec<String> {
    let mut root = Cli::command();
    root.build();
    let commands: Vec<&str> =
        root.get_subcommands().filter(|c| !c.is_hide_set()).map(|c| c.get_name()).collect();
    let chosen = line.before.iter().position(|w| commands.contains(&w.as_str()));
    let sub = chosen.and_then(|at| line.before.get(at)).and_then(|name| root.find_subcommand(name));
    let command = sub.unwrap_or(&root);
    let options: Vec<&Arg> = command.get_arguments().filter(|a| !a.is_hide_set()).collect();
    let last = line.last.as_str();
    let fitting = |all: Vec<String>| -> Vec<String> {
        all.into_iter().filter(|c| c.starts_with(last) && c != last).collect()
    };
    if let Some(option) = awaiting(line, &options) {
        let values = option.get_possible_values();
        return fitting(values.iter().map(|v| v.get_name().to_owned()).collect());
    }
    if last.starts_with("--") {
        return fitting(options.iter().filter_map(|a| a.get_long()).map(|l| format!("--{l}")).collect());
    }
    let Some(sub) = sub else {
        return fitting(commands.iter().map(|&c| c.to_owned()).collect());
    };
    let place = place(line);
    match sub.get_name() {
        name if words::COMMANDS.contains(&name) => query_words(line, &place),
        "values" => fitting(fields(&place)),
        "completions" => {
            let shells = sub.get_positionals().flat_map(Arg::get_possible_values);
            fitting(shells.map(|v| v.get_name().to_owned()).collect())
        }
        _ => Vec::new(),
    }
}

/// The option whose value the last word is.
fn awaiting<'a>(line: &Line, options: &[&'a Arg]) -> Option<&'a Arg> {
    let before = line.before.last()?;
    let takes = |a: &&&Arg| a.get_action().takes_values();
    let named = |a: &&&Arg| match before.strip_prefix("--") {
        Some(long) => a.get_long() == Some(long),
        None => {
            before.strip_prefix('-').is_some_and(|s| a.get_short().map(String::from).as_deref() == Some(s))
        }
    };
    options.iter().filter(takes).find(named).copied()
}

/// Where the stores are, as far as the line says so.
fn place(line: &Line) -> PlaceArgs {
    let mut place = PlaceArgs { store: None, name: None, server: None };
    let mut words = line.before.iter();
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix("--") else { continue };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option, None),
        };
        let mut value = || value.clone().or_else(|| words.next().cloned());
        match name {
            "store" => place.store = value().map(PathBuf::from),
            "name" => place.name = value(),
            "server" => place.server = value(),
            _ => {}
        }
    }
    place
}

/// The words of a query: names of fields, and values behind a name.
fn query_words(line: &Line, place: &PlaceArgs) -> Vec<String> {
    let Token { before, name, value } = line.token();
    let with = |all: Vec<String>| all.into_iter().map(|c| format!("{before}{c}")).collect();
    match (name, value) {
        (Some((name, operator)), value) => {
            let values = values(place, name, value);
            with(values.into_iter().map(|v| format!("{name}{operator}{v}")).collect())
        }
        (None, typed) if line.has_pipe() => {
            let stages = STAGES.iter().map(|&s| s.to_owned());
            let all = stages.chain(fields(place));
            with(all.filter(|c| c.starts_with(typed) && c != typed).collect())
        }
        (None, typed) => {
            let names = fields(place).into_iter().filter(|n| n.starts_with(typed));
            with(names.map(|n| format!("{n}=")).collect())
        }
    }
}

fn service(place: &PlaceArgs) -> Option<std::sync::Arc<dyn Service>> {
    Some(reach(place, Access::ReadOnly, &Config::default()).ok()?.service)
}

/// Names of fields that need no quotes.
fn fields(place: &PlaceArgs) -> Vec<String> {
    let request = QueryRequest { store: place.name.clone().unwrap_or_default(), ..Default::default() };
    let list = service(place).and_then(|s| s.fields(&request, &Cancel::default()).ok()).unwrap_or_default();
    let names = list.fields.into_iter().map(|f| f.name).filter(|n| plain(n));
    names.take(OFFERED_MAX).collect()
}

/// Values that need no quotes, neither in the query nor in the shell.
fn values(place: &PlaceArgs, field: &str, prefix: &str) -> Vec<String> {
    let request = ValuesRequest {
        store: place.name.clone().unwrap_or_default(),
        field: field.to_owned(),
        prefix: prefix.to_owned(),
        limit: Some(OFFERED_MAX as u64),
    };
    let list = service(place).and_then(|s| s.values(&request).ok()).unwrap_or_default();
    list.values.into_iter().filter_map(|(v, _)| String::from_utf8(v).ok()).filter(|v| plain(v)).collect()
}

fn plain(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "_.-/:@[]".contains(c);
    !text.is_empty() && text.chars().all(fits) && !text.starts_with('-')
}
