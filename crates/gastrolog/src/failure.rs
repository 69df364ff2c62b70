//! How a command ends, and how its errors are said.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

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
    note(&format!("{red}error:{red:#} {error:#}"));
}

/// Prints a line to standard error.
pub(crate) fn note(line: &str) {
    // Where standard error is gone, there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{line}");
}
