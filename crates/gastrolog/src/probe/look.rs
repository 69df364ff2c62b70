//! Looks at what a receiver reads: files, the engine of Docker, brokers of Kafka. Nothing is written there.

use std::net::ToSocketAddrs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use gastrolog_follow::readable;
use gastrolog_ingest::ReceiverStatus;

use super::wire;
use super::{PAUSE, Step};
use crate::clock;

/// Files of a pattern that are opened.
const FILES_MAX: usize = 10_000;
/// How long the engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a server that has just started may take to make the file of bookmarks.
const BEGIN: Duration = Duration::from_secs(5);

/// What is looked at, by kind; `None` where a record can be sent instead.
pub(super) fn look(receiver: &ReceiverStatus, state_file: Option<&Path>) -> Option<Vec<Step>> {
    let addresses = &receiver.addresses;
    let mut steps: Vec<Step> = match receiver.kind.as_str() {
        "tail" => addresses.iter().map(|glob| files(glob, true)).collect(),
        // Of rotated files there may be none.
        "docker" | "kubernetes" => {
            let one = |(at, address): (usize, &String)| match address.strip_prefix("unix://") {
                Some(socket) => engine(socket),
                None => files(address, at == 0),
            };
            addresses.iter().enumerate().map(one).collect()
        }
        "kafka" => {
            let brokers = addresses.first().and_then(|said| said.split(' ').next()).unwrap_or_default();
            return Some(brokers.split(',').map(broker).collect());
        }
        _ => return None,
    };
    steps.extend(state_file.map(bookmarks));
    Some(steps)
}

/// Whether a pattern matches files, and this user can read them.
fn files(glob: &str, wanted: bool) -> Step {
    Step::of(format!("read {glob}"), || {
        let found = readable(glob, FILES_MAX)?;
        let unreadable: Vec<_> =
            found.iter().filter_map(|(path, read)| Some((path, read.as_ref().err()?))).collect();
        if let Some((path, e)) = unreadable.first() {
            let (some, all, path) = (unreadable.len(), found.len(), path.display());
            return Err(format!("{some} of {all} cannot be read by this user, the first {path}: {e}"));
        }
        match found.len() {
            0 if wanted => {
                Err("no file matches: see that the pattern is right, and that its folders may be listed; \
                                files that come later are found"
                    .into())
            }
            0 => Ok("no file matches now".into()),
            n => Ok(format!("{n} files can be read by this user")),
        }
    })
}

/// Whether bookmarks are written. The server has made the file when it began, so it can write there; or it is not at work.
fn bookmarks(path: &Path) -> Step {
    Step::of(format!("bookmarks {}", path.display()), || {
        let written = written(path).map_err(|e| {
            format!("{e}: the server could not write it, or has other data (--store); `gastrolog receivers` shows why")
        })?;
        let age = clock::system().duration_since(written).unwrap_or_default();
        Ok(format!("written {} s ago; they move when lines are stored", age.as_secs()))
    })
}

/// When a file was written. One that is not there yet is waited for: the receiver makes it after the server listens.
fn written(path: &Path) -> std::io::Result<SystemTime> {
    let until = Instant::now() + BEGIN;
    loop {
        let written = std::fs::metadata(path).and_then(|file| file.modified());
        let is_missing = written.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
        if !is_missing || Instant::now() > until {
            return written;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Whether the engine answers.
fn engine(socket: &str) -> Step {
    Step::of(format!("ask unix://{socket}"), || {
        let asked = UnixStream::connect(socket).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            wire::ask(stream, "GET /_ping HTTP/1.1\r\nHost: docker\r\n", b"")
        });
        let answered = asked.map_err(|e| match e.kind() {
            std::io::ErrorKind::PermissionDenied => {
                format!("{e}: the user of the server must be of the group of the socket (docker)")
            }
            std::io::ErrorKind::NotFound => {
                format!("{e}: is this the socket of the engine (`docker context ls`)?")
            }
            std::io::ErrorKind::ConnectionRefused => format!("{e}: the engine does not run"),
            _ => format!("{e}; `gastrolog receivers` shows the last error"),
        });
        answered.map(|said| format!("the engine answers ({said})"))
    })
}

/// Whether a broker can be reached. Logins and topics are the business of the receiver.
fn broker(address: &str) -> Step {
    Step::of(format!("connect to {address}"), || {
        let mut known = address.to_socket_addrs().map_err(|e| format!("{e}: its name is not known here"))?;
        let to = known.next().ok_or("its name has no address")?;
        wire::tcp(to).map_err(|e| format!("{e}: nothing answers at {to}"))?;
        Ok("something listens; whether it lets the receiver in, and has its topics, `gastrolog receivers` tells".into())
    })
}
