//! Locks of directories by a lock file that says who holds it.

use std::any::Any;
use std::path::PathBuf;

use crate::{Clock, EnvError};

/// A lock that is held; dropping it lets it go.
pub struct LockGuard {
    // What it is depends on the file system; only its drop matters.
    _held: Box<dyn Any + Send + Sync>,
}

impl LockGuard {
    pub(crate) fn new(held: impl Any + Send + Sync) -> LockGuard {
        LockGuard { _held: Box::new(held) }
    }
}

impl std::fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LockGuard")
    }
}

/// Why a lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it. Stop that process, or work through it.
    #[error("{} is held by {holder}", path.display())]
    Held {
        /// The lock file.
        path: PathBuf,
        /// How the holder described itself.
        holder: String,
    },
    /// The lock file could not be used.
    #[error(transparent)]
    Env(#[from] EnvError),
}

/// How long a holder's description may be; the rest of a lock file is not read.
pub(crate) const HOLDER_BYTES_MAX: usize = 1024;

/// What to show for a lock file without a description: its holder is just writing it, or was killed before.
pub(crate) fn holder_text(content: &[u8]) -> String {
    let shown = content.get(..HOLDER_BYTES_MAX).unwrap_or(content);
    match String::from_utf8_lossy(shown).trim() {
        "" => "another process that has not said its name".to_owned(),
        text => text.to_owned(),
    }
}

/// "pid 4711 (gastrolog serve), since 2026-11-21T02:15:00Z": this process, for [`crate::Fs::lock`].
/// Of the arguments only the first is shown, as later ones may hold secrets.
pub fn describe_this_process(clock: &dyn Clock) -> String {
    let mut args = std::env::args_os();
    let program =
        args.next().map(PathBuf::from).and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned()));
    let mut command = program.unwrap_or_else(|| "unknown".to_owned());
    if let Some(arg) = args.next().filter(|a| !a.to_string_lossy().starts_with('-')) {
        command.push(' ');
        command.push_str(&arg.to_string_lossy());
    }
    format!(
        "pid {} ({command}), since {}",
        std::process::id(),
        rfc3339(clock.now().0.div_euclid(1_000_000_000))
    )
}

/// Seconds since 1970 as a civil time (Howard Hinnant's `civil_from_days`; a date library for one line is not worth it).
fn rfc3339(unix_s: i64) -> String {
    let (days, s) = (unix_s.div_euclid(86_400), unix_s.rem_euclid(86_400));
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", s / 3_600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_times() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_795_227_467), "2026-11-21T02:17:47Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
    }
}
