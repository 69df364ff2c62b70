//! The command against a store of its own: runs it, serves it, and speaks just enough HTTP to send it lines.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "only tests use it")]

pub mod certificates;
pub mod http;
pub mod ports;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long a server may take to begin.
const START: Duration = Duration::from_secs(30);

/// A data directory of its own, gone with the value.
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// An empty one.
    pub fn new() -> Place {
        Place { dir: tempfile::tempdir().unwrap() }
    }

    /// A folder beside the data, for files to read.
    pub fn beside(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The folder of the default store.
    pub fn store(&self) -> PathBuf {
        self.data().join("stores/default")
    }

    /// The chunk files, oldest first.
    pub fn chunks(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.store().join("chunks")).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
        paths.sort();
        paths
    }

    /// The command with `args`, about this place.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(args);
        command.env("GASTROLOG_DATA", self.data());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs it; it must exit with 0. Returns what it printed.
    pub fn ok(&self, args: &[&str]) -> String {
        let (code, shown, said) = parts(&self.run(args));
        assert_eq!(code, 0, "{args:?}: {said}");
        shown
    }

    /// Stores `text` without a server.
    pub fn ingest(&self, text: &[u8]) {
        let mut child = self.command(&["ingest", "-q", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// A server on this place and a free port.
    pub fn serve(&self) -> Serving {
        Serving::start(self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }

    /// Every record in write order, each with its line end.
    pub fn everything(&self) -> Vec<u8> {
        let out = self.run(&EVERYTHING);
        assert!(out.status.code() < Some(2), "{}", parts(&out).2);
        out.stdout
    }
}

/// The arguments that ask for every record, byte for byte, in the order in which they were stored.
pub const EVERYTHING: [&str; 9] =
    ["query", "--order", "write", "--oldest-first", "--limit", "none", "--output", "raw", "*"];

/// The command with `args`, and nothing of the surroundings.
pub fn bare(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gastrolog"));
    command.env_remove("GASTROLOG_DATA").args(args).stdin(Stdio::null());
    command
}

/// Exit code (-1: killed by a signal), standard output, standard error.
pub fn parts(out: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code().unwrap_or(-1), text(&out.stdout), text(&out.stderr))
}

/// A server that runs. Killed when dropped.
pub struct Serving {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    said: Receiver<String>,
    head: Vec<String>,
}

impl Serving {
    /// Starts it and waits until it says where it listens.
    pub fn start(mut command: Command) -> Serving {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, said) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let (mut head, mut address) = (Vec::new(), None);
        while let Ok(line) = said.recv_timeout(START) {
            let found = line.strip_prefix("listening  http://").and_then(|l| l.split(' ').next());
            address = address.or(found.map(|a| a.parse().unwrap()));
            let is_last = line.starts_with("send ");
            head.push(line);
            if let (true, Some(address)) = (is_last, address) {
                return Serving { child, address, said, head };
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!("the server did not start: {head:?}");
    }

    /// Where the receiver listens of which the server says `what`, such as `syslog tcp://`.
    pub fn at(&self, what: &str) -> SocketAddr {
        let found = self.head.iter().find_map(|line| line.trim_start().strip_prefix(what));
        found.unwrap_or_else(|| panic!("no {what}: {:?}", self.head)).parse().unwrap()
    }

    /// What it said until it listened, and since.
    pub fn said_first(&self) -> Vec<String> {
        let mut lines = self.head.clone();
        // The addresses of its receivers come right behind its own.
        while let Ok(line) = self.said.recv_timeout(Duration::from_millis(300)) {
            lines.push(line);
        }
        lines
    }

    /// What it said until it was ready.
    pub fn head(&self) -> &[String] {
        &self.head
    }

    /// Waits until it says a line that begins with `what`.
    pub fn wait_to_say(&self, what: &str) {
        while !self.said.recv_timeout(START).unwrap().starts_with(what) {}
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, by the name that kill(1) knows.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// `kill -9`, now.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end; returns how it ended and what it said.
    pub fn wait(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.child.wait().unwrap();
        let mut said = std::mem::take(&mut self.head);
        said.extend(self.said.iter());
        (status, said)
    }

    /// Asks it to stop, and waits until it has; returns what it said.
    pub fn stop(self) -> Vec<String> {
        self.signal("TERM");
        let (status, said) = self.wait();
        assert_eq!(status.code(), Some(0), "{said:?}");
        said
    }

    /// Stores lines by HTTP; they must all be taken.
    pub fn send(&self, lines: &[u8]) {
        let status = http::Connection::open(self.address).and_then(|mut c| c.post("/ingest", lines));
        assert_eq!(status.unwrap().0, 200);
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Adds what a long run has shown to the file that `benches/torture` asks for.
pub fn report(result: &str, good: bool) {
    println!("{result}");
    tell(&serde_json::json!({ "result": result, "good": good }));
}

/// Says how far a long run is and what it has shown so far: what counts if it is stopped.
pub fn report_so_far(result: &str) {
    tell(&serde_json::json!({ "so_far": result }));
}

fn tell(line: &serde_json::Value) {
    let Some(path) = std::env::var_os("GASTROLOG_TORTURE_REPORT") else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "{line}").unwrap();
}

/// A number from the environment.
pub fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// The folder of public sample logs beside the project. `None` where it is missing, which is said, unless
/// `GASTROLOG_REQUIRE_SHARED` is set: then it is an error.
pub fn shared_data() -> Option<PathBuf> {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if dir.is_dir() {
        return Some(dir.to_owned());
    }
    assert!(std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(), "there is no {}", dir.display());
    eprintln!("skipped: there is no {}", dir.display());
    None
}

/// A small generator of numbers (SplitMix64): the same seed gives the same test.
pub struct Dice(pub u64);

impl Dice {
    /// The next number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }
}
