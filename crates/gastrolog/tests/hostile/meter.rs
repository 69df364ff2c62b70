//! Measures what an attack costs a process, and tells it as a row of a table.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Place, Serving, number, parts};

/// Whether the giants come at their full size.
pub(crate) fn long() -> bool {
    number("HOSTILE_LONG", 0) > 0
}

/// `short`, or in the long form `long`.
pub(crate) fn size(short: u64, at_full: u64) -> u64 {
    if long() { at_full } else { short }
}

/// How often a running command is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// Longest that a command may run.
const COMMAND_MAX: Duration = Duration::from_secs(600);

/// The most memory that a process had, in MB; 0 when it has gone.
pub(crate) fn peak_mb(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024 / 1_000_000
}

/// Forgets the most memory that a process had, so that what follows is measured by itself.
pub(crate) fn forget_peak(id: u32) {
    fs::write(format!("/proc/{id}/clear_refs"), "5").unwrap();
}

/// Prints a row, and fails when the attack took more than it may.
#[track_caller]
pub(crate) fn row(attack: &str, outcome: &str, peak_mb: u64, bound_mb: u64) {
    println!("| {attack} | {outcome} | {peak_mb} | {bound_mb} |");
    assert!(peak_mb <= bound_mb, "{attack}: {peak_mb} MB, {bound_mb} are allowed");
}

/// A server on `place` with this configuration.
pub(crate) fn serve(place: &Place, config: &str) -> Serving {
    let config = place.beside("config.toml", config.as_bytes());
    Serving::start(place.command(&["serve", "--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()]))
}

/// Runs a command to its end; returns what it printed and the most memory that it had, in MB.
pub(crate) fn measured(mut command: Command) -> (Output, u64) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (id, began) = (child.id(), Instant::now());
    let watch = std::thread::spawn(move || {
        let mut peak = 0;
        while Path::new(&format!("/proc/{id}/status")).exists() && began.elapsed() < COMMAND_MAX {
            match peak_mb(id) {
                0 => break,
                now => peak = peak.max(now),
            }
            std::thread::sleep(LOOK);
        }
        peak
    });
    // What it prints is read while it runs, so that a full pipe does not stop it.
    let mut said = child.stderr.take().unwrap();
    let stderr = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::copy(&mut said, &mut bytes).map(|_| bytes)
    });
    let mut stdout = Vec::new();
    std::io::copy(&mut child.stdout.take().unwrap(), &mut stdout).unwrap();
    let status = child.wait().unwrap();
    let output = Output { status, stdout, stderr: stderr.join().unwrap().unwrap() };
    (output, watch.join().unwrap())
}

/// Whether a command was refused as it should be: exit 2 and an error that says so.
#[track_caller]
pub(crate) fn refused(output: &Output, says: &str) {
    let (code, _, said) = parts(output);
    let start: String = said.chars().take(500).collect();
    assert_eq!(code, 2, "{start}");
    assert!(said.contains("error:") && said.contains(says), "{start}");
}
