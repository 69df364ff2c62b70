//! How a command ends, and how its errors are said.

use std::ffi::OsString;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::output::{escaped, escaped_lines};

/// How a command ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There was something: exit 0.
    Found,
    /// There was nothing: exit 1.
    Nothing,
}

impl Outcome {
    /// By whether anything was found.
    pub(crate) fn of(found: bool) -> Outcome {
        if found { Outcome::Found } else { Outcome::Nothing }
    }
}

/// Whether `error` says that nobody reads our output any more, which is no failure.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(broken))
}

/// Prints an error to standard error.
pub(crate) fn say(error: &anyhow::Error) {
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    print(&format!("{red}error:{red:#} {}", escaped_lines(&format!("{error:#}"))));
}

/// Prints a line, or several, to standard error. What would steer a terminal is escaped: names of files and values of
/// records may be in it.
pub(crate) fn note(line: &str) {
    print(&escaped_lines(line));
}

/// Says why the arguments are wrong, quoting them, and ends; help and version end here too.
pub(crate) fn exit(error: &clap::Error) -> ! {
    let steers = |arg: OsString| escaped(arg.as_encoded_bytes()).as_bytes() != arg.as_encoded_bytes();
    if !error.use_stderr() || !std::env::args_os().any(steers) {
        error.exit();
    }
    note(error.to_string().trim_end());
    std::process::exit(error.exit_code());
}

fn print(text: &str) {
    // Where standard error is gone, there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{text}");
}
