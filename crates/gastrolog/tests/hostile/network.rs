//! Nothing listens beyond loopback unless told to; files are for their owner alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::meter::serve;
use crate::support::{Place, Serving};

/// The local addresses of a process's sockets that take connections or datagrams, as the kernel writes them.
fn listening(id: u32) -> Vec<String> {
    let sockets: Vec<String> = fs::read_dir(format!("/proc/{id}/fd"))
        .unwrap()
        .filter_map(|e| fs::read_link(e.unwrap().path()).ok())
        .filter_map(|l| Some(l.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut found = Vec::new();
    for (table, states) in [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")] {
        let text = fs::read_to_string(format!("/proc/{id}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            if columns[3] == states && sockets.iter().any(|s| s == columns[9]) {
                found.push(format!("{table} {}", columns[1]));
            }
        }
    }
    found
}

/// 127.0.0.0/8 or ::1, in the byte order of the tables.
fn is_loopback(address: &str) -> bool {
    let host = address.split([' ', ':']).nth(1).unwrap_or_default();
    (host.len() == 8 && host.ends_with("7F")) || host == "00000000000000000000000001000000"
}

#[test]
fn only_loopback_unless_told() {
    let place = Place::new();
    // Its own network, so that the default port is free.
    let alone = "ip link set lo up && exec \"$0\" serve";
    let mut command = std::process::Command::new("unshare");
    command.args(["--net", "sh", "-c", alone, env!("CARGO_BIN_EXE_gastrolog")]);
    command.env("GASTROLOG_DATA", place.data());
    let may = std::process::Command::new("unshare").args(["--net", "ip", "link", "set", "lo", "up"]).status();
    let serving = match may {
        Ok(status) if status.success() => Serving::start(command),
        // Without the right to make a network there is one with a free port.
        _ => place.serve(),
    };
    let open = listening(serving.id());
    assert!(!open.is_empty());
    assert!(open.iter().all(|a| is_loopback(a)), "{open:?}");
    drop(serving);

    let everywhere = serve(&Place::new(), "[[receivers]]\nkind = \"syslog\"\nudp = \"0.0.0.0:0\"\n");
    let open = listening(everywhere.id());
    assert!(open.iter().any(|a| a.starts_with("udp ") && !is_loopback(a)), "the test sees nothing: {open:?}");
}

fn for_the_owner_alone(path: &Path, complaints: &mut Vec<String>) {
    // A file that was written beside another may have taken its place by now.
    let Ok(about) = fs::symlink_metadata(path) else { return };
    if about.permissions().mode() & 0o077 != 0 {
        complaints.push(format!("{}: {:o}", path.display(), about.permissions().mode()));
    }
    if about.is_dir() {
        fs::read_dir(path).unwrap().for_each(|e| for_the_owner_alone(&e.unwrap().path(), complaints));
    }
}

#[test]
fn files_are_for_their_owner_alone() {
    let place = Place::new();
    let log = place.beside("a.log", b"one\ntwo\n");
    let serving = serve(&place, &format!("[[receivers]]\nkind = \"tail\"\nglobs = [{log:?}]\n"));
    serving.send(b"three\n");
    place.ok(&["seal"]);
    serving.send(b"four\n");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let mut complaints = Vec::new();
    for_the_owner_alone(&place.data(), &mut complaints);
    assert!(complaints.is_empty(), "{complaints:#?}");
}
