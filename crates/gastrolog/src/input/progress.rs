//! A line on a terminal that says how far a long job is.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const WITH_SIZE: &str =
    "{msg}  {bar:24}  {decimal_bytes} of {decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left";
const WITHOUT_SIZE: &str = "{msg}  {decimal_bytes}  {decimal_bytes_per_sec}  {elapsed}";

/// Shows progress on standard error when that is a terminal; else nothing.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Progress, not yet of anything.
    pub(crate) fn new(quiet: bool) -> Progress {
        let bar = ProgressBar::hidden();
        if !quiet && io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Progress { bar }
    }

    /// Begins with `what`, of `size` bytes where that is known.
    pub(crate) fn start(&self, what: &str, size: Option<u64>) {
        self.bar.reset();
        match size {
            Some(size) => self.bar.set_length(size),
            None => self.bar.unset_length(),
        }
        let template = if size.is_some() { WITH_SIZE } else { WITHOUT_SIZE };
        // A test holds that the templates are right; a bar without style would do too.
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_message(crate::output::escaped(what.as_bytes()));
    }

    /// So many bytes are done.
    pub(crate) fn at(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    /// So many bytes of so many are done.
    pub(crate) fn set(&self, done: u64, all: u64) {
        if self.bar.length() != Some(all) {
            self.start("checking", Some(all));
        }
        self.at(done);
    }

    /// Runs `say` with the line out of the way.
    pub(crate) fn pause(&self, say: impl FnOnce()) {
        self.bar.suspend(say);
    }

    /// Takes the line away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_right() {
        for template in [WITH_SIZE, WITHOUT_SIZE] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
