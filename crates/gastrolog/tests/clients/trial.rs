//! One client against one server that is disturbed while the client sends.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

pub(super) use crate::support::ports::free_address;
use crate::support::{Place, Serving, parts};

/// What every client sends.
pub(super) const RECORDS: usize = 1000;
/// How long a fault lasts.
const FAULT: Duration = Duration::from_millis(1200);
/// How long a client may say nothing, and how long what it sent may take to be found.
const LIMIT: Duration = Duration::from_secs(60);

/// What happens to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// `kill -9`, and started again at once.
    Kill,
    /// Stops as it is, with its sockets open, and goes on: a server that is slow.
    Freeze,
    /// Nothing can be written to its disk.
    Full,
    /// Ends orderly, and is started again after a while.
    Away,
}

use Fault::{Away, Freeze, Full, Kill};

/// For clients that send again what was not acknowledged: nothing is lost.
pub(super) const ALL: &[Fault] = &[Kill, Freeze, Full, Away];
/// For clients that only know whether the connection stands: nothing is lost while it does.
pub(super) const CONNECTED: &[Fault] = &[Freeze, Full];
/// For datagrams: what has arrived is held.
pub(super) const ARRIVED: &[Fault] = &[Full];

/// What a client says that it sent (or, where it can know, that was acknowledged), by number.
pub(super) type Sent = BTreeMap<usize, String>;

/// A server and its place.
pub(super) struct Trial {
    pub(super) place: Place,
    /// The port of the API.
    pub(super) address: SocketAddr,
    config: PathBuf,
    serving: Option<Serving>,
}

/// A client that runs; ends with the value.
pub(super) struct Client {
    child: Child,
    stderr: PathBuf,
    lines: Receiver<String>,
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Client {
    fn start(mut command: Command, place: &Place) -> Client {
        let stderr = place.beside("client.stderr", b"");
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(OpenOptions::new().append(true).open(&stderr).unwrap());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || output.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Client { child, stderr, lines }
    }

    /// The end of what it complained of.
    pub(super) fn complained(&self) -> String {
        let said = std::fs::read(&self.stderr).unwrap_or_default();
        String::from_utf8_lossy(&said[said.len().saturating_sub(2000)..]).into_owned()
    }

    fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Its standard input ends, then it must.
    fn end(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success(), "the client failed: {}", self.complained());
    }
}

/// The faults, each with how many records come before it.
fn spread(faults: &[Fault]) -> impl Iterator<Item = (usize, Fault)> {
    faults.iter().enumerate().map(|(i, fault)| (RECORDS * (i + 1) / (faults.len() + 1), *fault))
}

impl Trial {
    /// A server with these receivers, in TOML, beside those on the port of the API.
    pub(super) fn new(receivers: &str) -> Trial {
        let (place, address) = (Place::new(), free_address());
        Trial::at(place, address, receivers)
    }

    /// The same in a place that has files already.
    pub(super) fn at(place: Place, address: SocketAddr, receivers: &str) -> Trial {
        let config = place.beside("config.toml", receivers.as_bytes());
        let mut trial = Trial { place, address, config, serving: None };
        trial.start();
        trial
    }

    fn start(&mut self) {
        let (address, config) = (self.address.to_string(), self.config.to_str().unwrap());
        let serve = self.place.command(&["serve", "--listen", &address, "--config", config]);
        // A file that may not grow is then an error of writing, and not a signal.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(serve.get_program());
        command.args(serve.get_args()).env("GASTROLOG_DATA", self.place.data());
        self.serving = Some(Serving::start(command));
    }

    fn server(&mut self) -> Serving {
        self.serving.take().unwrap()
    }

    /// Ends the server; what it has is still found.
    pub(super) fn stop(&mut self) {
        self.server().stop();
    }

    /// Brings `fault` about, and ends it.
    pub(super) fn disturb(&mut self, fault: Fault) {
        let serving = self.serving.as_ref().unwrap();
        match fault {
            Kill => {
                self.server().kill();
                self.start();
            }
            Freeze => {
                serving.signal("STOP");
                std::thread::sleep(FAULT);
                serving.signal("CONT");
            }
            Full => {
                file_bytes_max(serving.id(), "0");
                std::thread::sleep(FAULT);
                file_bytes_max(serving.id(), "unlimited");
            }
            Away => {
                self.stop();
                std::thread::sleep(FAULT);
                self.start();
            }
        }
    }

    /// Runs a client that prints a line for each record that was acknowledged, or sent, and brings the faults about
    /// in between. `before_end` is done before it may end.
    pub(super) fn run(&mut self, client: Command, faults: &[Fault], before_end: impl FnOnce(&Trial)) -> Sent {
        let mut client = Client::start(client, &self.place);
        let mut faults = spread(faults).peekable();
        let mut sent = Sent::new();
        while sent.len() < RECORDS {
            let line = client.lines.recv_timeout(LIMIT);
            let line = line.unwrap_or_else(|e| panic!("after {}: {e}: {}", sent.len(), client.complained()));
            let line: Json = serde_json::from_str(&line).unwrap();
            let n = usize::try_from(line["n"].as_u64().unwrap()).unwrap();
            sent.insert(n, line["text"].as_str().unwrap().to_owned());
            while let Some((_, fault)) = faults.next_if(|(at, _)| *at <= sent.len()) {
                assert!(client.runs(), "the client was too fast for {fault:?}");
                self.disturb(fault);
            }
        }
        before_end(self);
        client.end();
        sent
    }

    /// Runs a program that has no end of its own and says nothing, until all that it sends is stored. Progress is what
    /// is found.
    pub(super) fn watch(&mut self, client: Command, faults: &[Fault], number: impl Fn(&Json) -> usize) {
        let mut client = Client::start(client, &self.place);
        for (at, fault) in spread(faults) {
            self.wait_for(at, &mut client);
            assert!(self.count() < RECORDS, "the client was too fast for {fault:?}");
            self.disturb(fault);
        }
        self.wait_for(RECORDS, &mut client);
        self.settle("*", number);
    }

    fn wait_for(&self, records: usize, client: &mut Client) {
        let start = Instant::now();
        while self.count() < records {
            let missed = format!("{} of {records} came", self.count());
            assert!(start.elapsed() < LIMIT, "{missed}: {}", client.complained());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// How many records are stored.
    fn count(&self) -> usize {
        let out = self.place.run(&["query", "--output", "json", "*", "| stats count() as n"]);
        let row: Json = serde_json::from_slice(&out.stdout).unwrap_or_default();
        row["n"].as_u64().map_or(0, |n| usize::try_from(n).unwrap())
    }

    /// Waits until every number is found: nothing tells who sent that it is stored.
    pub(super) fn settle(&self, query: &str, number: impl Fn(&Json) -> usize) {
        let start = Instant::now();
        loop {
            let numbers: std::collections::BTreeSet<usize> = self.found(query).iter().map(&number).collect();
            if numbers.len() >= RECORDS {
                return;
            }
            let lost: Vec<usize> = (0..RECORDS).filter(|n| !numbers.contains(n)).collect();
            assert!(
                start.elapsed() < LIMIT,
                "{} are not found: {:?}…",
                lost.len(),
                &lost[..lost.len().min(20)]
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What a query finds, as JSON, with a server or without.
    pub(super) fn found(&self, query: &str) -> Vec<Json> {
        let out = self.place.run(&["query", "--limit", "none", "--output", "json", query]);
        let (code, shown, said) = parts(&out);
        assert!(code == 0 || code == 1, "{query}: {said}");
        shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The server may not write beyond this offset of any file from now on.
fn file_bytes_max(process: u32, max: &str) {
    let args = ["--pid", &process.to_string(), &format!("--fsize={max}:unlimited")];
    assert!(Command::new("prlimit").args(args).status().unwrap().success());
}

/// How many records may be there twice after these faults: what is under way when one comes, a window of the client or
/// a batch of the receiver. A client sends again when the answer is cut off. The store may keep records although it could
/// not say that they are durable, as the disk failed; the receiver that holds them then brings them again.
pub(super) fn again_max(faults: &[Fault]) -> usize {
    128 * faults.len()
}

/// Each number must be found, at least once, and each time as it was sent, `again_max` records more than once.
pub(super) fn check(
    found: &[Json],
    again_max: usize,
    number: impl Fn(&Json) -> usize,
    is_right: impl Fn(usize, &Json) -> bool,
) {
    let mut seen = [0; RECORDS];
    for record in found {
        let n = number(record);
        assert!(is_right(n, record), "record {n}: {}", brief(record));
        seen[n] += 1;
    }
    let lost: Vec<usize> = (0..RECORDS).filter(|n| seen[*n] == 0).collect();
    assert!(lost.is_empty(), "sent and not found: {lost:?}");
    assert!(found.len() <= RECORDS + again_max, "{} records were found", found.len());
}

fn brief(record: &Json) -> String {
    record.to_string().chars().take(1500).collect()
}

/// The number at the beginning of a field.
pub(super) fn number_in(field: &'static str) -> impl Fn(&Json) -> usize + Copy {
    move |record| {
        let number = record[field].as_str().and_then(|text| text.split(' ').next()?.parse().ok());
        number.unwrap_or_else(|| panic!("no number in {field}: {}", brief(record)))
    }
}

/// The time of record `n`, as queries show it.
pub(super) fn time_of(n: usize) -> String {
    let digits = format!("2023-11-14T22:13:20.{n:03}");
    format!("{}Z", digits.trim_end_matches('0').trim_end_matches('.'))
}
