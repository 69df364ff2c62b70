//! Query words that begin with a hyphen (`| sort -count`) beside options that may stand anywhere.
//!
//! The parser of arguments knows either one or the other. So words that look like options but are none are marked
//! before it sees them, and unmarked after.

use std::ffi::OsString;

use clap::{Arg, Command};

/// Stands before a marked word; nobody types it.
const MARK: char = '\u{1}';

/// The commands that take a query.
pub(crate) const COMMANDS: [&str; 4] = ["query", "explain", "follow", "fields"];

/// `args` of `command` with the words marked that only look like options.
pub(crate) fn mark(mut command: Command, args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    command.build();
    let mut options: Vec<Arg> = command.get_arguments().cloned().collect();
    let mut in_query = false;
    let mut is_value = false;
    let mut literal = false;
    let mut out = Vec::new();
    for (i, arg) in args.enumerate() {
        let text = arg.to_str().unwrap_or_default();
        if i == 0 || literal || std::mem::take(&mut is_value) {
            out.push(arg);
            continue;
        }
        literal = text == "--";
        if !in_query && COMMANDS.contains(&text) {
            in_query = true;
            let sub = command.get_subcommands().find(|c| c.get_name() == text);
            options = sub.into_iter().flat_map(Command::get_arguments).cloned().collect();
        } else if !text.starts_with('-') || text.len() < 2 {
            // A word, or another command.
        } else if let Some(takes_next) = option(&options, text) {
            is_value = takes_next;
        } else if in_query && !text.starts_with("--") {
            out.push(format!("{MARK}{text}").into());
            continue;
        }
        out.push(arg);
    }
    out
}

/// If `text` is an option: whether its value is the next argument.
fn option(options: &[Arg], text: &str) -> Option<bool> {
    let takes_value = |arg: &Arg| arg.get_action().takes_values();
    if let Some(long) = text.strip_prefix("--") {
        let arg = options.iter().find(|a| a.get_long() == Some(long))?;
        return Some(takes_value(arg));
    }
    let mut letters = text.strip_prefix('-')?.chars();
    let short = letters.next();
    let arg = options.iter().find(|a| a.get_short() == short)?;
    let value = letters.as_str();
    // `-n5` is an option, `-name` is a word.
    match value {
        "" => Some(takes_value(arg)),
        value => (takes_value(arg) && value.bytes().all(|b| b.is_ascii_digit())).then_some(false),
    }
}

/// `word` as it was typed.
pub(crate) fn unmark(word: &str) -> &str {
    word.strip_prefix(MARK).filter(|w| w.starts_with('-')).unwrap_or(word)
}
