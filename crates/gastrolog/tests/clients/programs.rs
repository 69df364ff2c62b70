//! The programs that are driven, or why a test passes without one.
//!
//! Python is `GASTROLOG_PYTHON`, or `python3`; modules of Node are in `GASTROLOG_NODE_MODULES`, the unpacked packages of syslog-ng
//! in `GASTROLOG_SYSLOG_NG`, those of Docker in `GASTROLOG_DOCKER`, those of Prometheus in `GASTROLOG_PROMETHEUS`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Says that the test is skipped; fails where clients are required.
pub(super) fn skipped(what: &str) {
    assert!(std::env::var_os("GASTROLOG_REQUIRE_CLIENTS").is_none(), "there is no {what}");
    eprintln!("skipped: there is no {what}");
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

fn works(probe: &mut Command) -> bool {
    probe.output().is_ok_and(|out| out.status.success())
}

/// Python that will run a script of this folder, if it has `modules`.
pub(super) fn python(modules: &str, name: &str) -> Option<Command> {
    let python = std::env::var("GASTROLOG_PYTHON").unwrap_or_else(|_| "python3".into());
    if !works(Command::new(&python).args(["-c", &format!("import {modules}")])) {
        skipped(&format!("{python} with {modules}"));
        return None;
    }
    let mut command = Command::new(python);
    command.arg("-B").arg(script(name));
    Some(command)
}

/// Node that will run a script of this folder, if it has `module`.
pub(super) fn node(module: &str, name: &str) -> Option<Command> {
    let modules = std::env::var("GASTROLOG_NODE_MODULES").unwrap_or_default();
    let node = || {
        let mut node = Command::new("node");
        node.env("NODE_PATH", &modules);
        node
    };
    if !works(node().args(["-e", &format!("require('{module}')")])) {
        skipped(&format!("{module} for Node in GASTROLOG_NODE_MODULES"));
        return None;
    }
    let mut command = node();
    command.arg(script(name));
    Some(command)
}

/// A program of Debian, if it is there.
pub(super) fn program(path: &str, package: &str) -> Option<Command> {
    let is_there = Command::new(path).arg("--version").output().is_ok();
    if !is_there {
        skipped(&format!("{path} of {package}"));
        return None;
    }
    Some(Command::new(path))
}

/// rsyslogd, if it has this module.
pub(super) fn rsyslogd(module: &str) -> Option<Command> {
    let has = |dir: std::fs::DirEntry| dir.path().join("rsyslog").join(module).exists();
    if !std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().any(has) {
        skipped(&format!("rsyslog with {module}"));
        return None;
    }
    program("rsyslogd", "rsyslog")
}

/// A program of syslog-ng, which is unpacked beside rsyslog, with which it cannot be installed.
pub(super) fn of_syslog_ng(name: &str) -> Option<Command> {
    let root = PathBuf::from(std::env::var_os("GASTROLOG_SYSLOG_NG").unwrap_or_default());
    let path = root.join("usr").join(name);
    if !path.exists() {
        skipped(&format!("{name} of syslog-ng in GASTROLOG_SYSLOG_NG"));
        return None;
    }
    let usr = root.join("usr");
    let mut command = Command::new(path);
    command.env("LD_LIBRARY_PATH", libraries(&usr.join("lib"))).env("SYSLOGNG_PREFIX", usr);
    Some(command)
}

/// The folder of Prometheus' programs, which are unpacked so that no service begins.
pub(super) fn of_prometheus() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("GASTROLOG_PROMETHEUS").unwrap_or_default()).join("usr/bin");
    if !folder.join("prometheus").exists() || !folder.join("promtool").exists() {
        skipped("prometheus in GASTROLOG_PROMETHEUS");
        return None;
    }
    Some(folder)
}

/// The folders of an unpacked `lib`, one of which has the libraries for this machine.
fn libraries(lib: &Path) -> String {
    let folders = std::fs::read_dir(lib).into_iter().flatten().flatten();
    folders.map(|folder| folder.path().display().to_string()).collect::<Vec<_>>().join(":")
}
