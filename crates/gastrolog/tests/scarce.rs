//! A server that runs out of what the system grants: it says so, keeps what it acknowledged, and goes on when there is
//! enough again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use support::http::Connection;
use support::{Place, Serving, parts, report};

/// How long a server may take to recover.
const PATIENCE: Duration = Duration::from_secs(60);

/// A user that nobody else is, nor another run of this test: limits of a user are then limits of this test.
fn nobody() -> String {
    (61_000 + std::process::id() % 4000).to_string()
}

/// `gastrolog serve` under `limits`, a line of shell.
fn serve(place: &Place, limits: &str, with: &[&str]) -> Serving {
    let mut args = vec!["serve", "--listen", "127.0.0.1:0", "--syslog-tcp", "127.0.0.1:0"];
    args.extend_from_slice(with);
    let inner = place.command(&args);
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limits}; exec \"$@\"")).arg("sh");
    command.arg(inner.get_program()).args(inner.get_args()).env("GASTROLOG_DATA", place.data());
    Serving::start(command)
}

/// Sends lines one batch after the other; says how many were acknowledged. 429 and 503 mean: try again.
struct Sender {
    address: SocketAddr,
    acknowledged: u64,
    refused: u64,
}

impl Sender {
    fn new(address: SocketAddr) -> Sender {
        Sender { address, acknowledged: 0, refused: 0 }
    }

    /// One batch of `lines` lines over a connection of its own; whether it was acknowledged.
    fn send(&mut self, lines: usize) -> bool {
        let line = |n: usize| format!("level=info n={n} padding={}\n", "x".repeat(200));
        let body: String = (0..lines).map(line).collect();
        let answered = Connection::open(self.address).and_then(|mut c| c.post("/ingest", body.as_bytes()));
        match answered {
            Ok((200, _)) => self.acknowledged += lines as u64,
            Ok((429 | 503, _)) | Err(_) => self.refused += 1,
            other => panic!("{other:?}"),
        }
        matches!(answered, Ok((200, _)))
    }

    /// Sends until a batch is acknowledged again.
    fn send_until_taken(&mut self, what: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.send(10) {
            assert!(Instant::now() < until, "{what}: the server has not recovered");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn records(place: &Place) -> u64 {
    place.everything().iter().filter(|&&b| b == b'\n').count() as u64
}

/// What receivers say, as text.
fn receivers(serving: &Serving) -> String {
    let address = serving.address.to_string();
    let out = support::bare(&["receivers", "--server", &address, "--output", "json"]).output().unwrap();
    let (code, shown, said) = parts(&out);
    assert_eq!(code, 0, "{said}");
    shown
}

#[test]
fn without_file_descriptors_it_says_so_and_recovers() {
    let place = Place::new();
    let serving = serve(&place, "ulimit -n 64", &[]);
    let mut sender = Sender::new(serving.address);
    sender.send_until_taken("at first");
    let syslog = serving.at("syslog tcp://");
    let held: Vec<TcpStream> = (0..200).filter_map(|_| TcpStream::connect(syslog).ok()).collect();
    assert!(held.len() > 64, "only {} connections: nothing was tested", held.len());
    std::thread::sleep(Duration::from_millis(500));
    for _ in 0..5 {
        let taken = sender.send(5000);
        println!("with no descriptor left: taken {taken}");
    }
    drop(held);
    sender.send_until_taken("when the others have left");
    let said = receivers(&serving);
    assert!(said.contains("Too many open files"), "{said}");
    serving.stop();
    assert!(records(&place) >= sender.acknowledged);
    report(
        &format!(
            "64 descriptors, 200 connections: said and counted as faults of the receivers, recovered when they left; \
             {} acknowledged, 0 lost, {} told to try again or not answered",
            sender.acknowledged, sender.refused
        ),
        true,
    );
}

/// Whether this test may become another user.
fn may_change_user() -> bool {
    let there = Command::new("setpriv").args(["--reuid", &nobody(), "true"]).output();
    let may = there.is_ok_and(|out| out.status.success());
    if !may {
        eprintln!("skipped: limits of threads are those of a user, and only root may become another");
    }
    may
}

/// What the page of metrics says of threads.
fn refused_threads(address: SocketAddr) -> u64 {
    let (_, page) = Connection::open(address).unwrap().get("/metrics").unwrap();
    let page = String::from_utf8(page).unwrap();
    let line = page.lines().find_map(|line| line.strip_prefix("gastrolog_threads_refused_total "));
    line.unwrap().parse().unwrap()
}

#[test]
fn without_threads_it_says_so_and_recovers() {
    if !may_change_user() {
        return;
    }
    let place = Place::new();
    let data = place.data();
    std::fs::create_dir_all(&data).unwrap();
    // The user needs the data, the way to it, and the program.
    let program = place.beside("gastrolog", &std::fs::read(env!("CARGO_BIN_EXE_gastrolog")).unwrap());
    let (top, nobody) = (data.parent().unwrap(), nobody());
    let prepared = format!(
        "chmod 755 {top} {program} && chown -R {nobody}:{nobody} {data}",
        top = top.display(),
        program = program.display(),
        data = data.display()
    );
    assert!(Command::new("sh").args(["-c", &prepared]).status().unwrap().success());
    let mut command = Command::new("setpriv");
    // Not by the shell's `ulimit`: not every shell can limit threads.
    command
        .args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups", "prlimit", "--nproc=24"])
        .arg(&program);
    command.args(["serve", "--listen", "127.0.0.1:0"]).env("GASTROLOG_DATA", &data);
    let serving = Serving::start(command);
    let mut sender = Sender::new(serving.address);
    sender.send_until_taken("at first");
    // Each follower wants a thread for itself. Who finds none may be hung up on before it has said what it wants.
    let head = "POST /gastrolog.v1.Follow/Follow HTTP/1.1\r\nhost: x\r\n\
                content-type: application/connect+json\r\ncontent-length: 18\r\n\r\n";
    let followers: Vec<TcpStream> = (0..60)
        .filter_map(|_| {
            let mut socket = TcpStream::connect(serving.address).ok()?;
            socket.write_all(head.as_bytes()).ok()?;
            socket.write_all(b"\0\0\0\0\x0d{\"query\":\"*\"}").ok()?;
            Some(socket)
        })
        .collect();
    // It looks each second.
    std::thread::sleep(Duration::from_millis(2500));
    drop(followers);
    sender.send_until_taken("when the followers have left");
    let until = Instant::now() + PATIENCE;
    while !receivers(&serving).contains("no more threads") {
        assert!(Instant::now() < until, "{}", receivers(&serving));
        std::thread::sleep(Duration::from_millis(100));
    }
    let refused = refused_threads(serving.address);
    assert!(refused > 0, "it has not counted them");
    serving.stop();
    assert!(records(&place) >= sender.acknowledged);
    report(
        &format!(
            "24 threads, 60 followers: said and counted ({refused} times), recovered when they left; {} acknowledged, 0 \
             lost, {} told to try again",
            sender.acknowledged, sender.refused
        ),
        true,
    );
}

#[test]
fn without_memory_it_ends_like_a_crash_at_worst() {
    let place = Place::new();
    // Address space, which is what a process can be refused; the server needs most of it for its threads' stacks.
    let serving = serve(&place, "ulimit -v 700000", &["--durability", "fsync"]);
    let address = serving.address;
    let senders: Vec<Sender> = std::thread::scope(|scope| {
        let sending = |_| {
            scope.spawn(move || {
                let mut sender = Sender::new(address);
                for lines in [10, 20_000, 100_000, 200_000, 10] {
                    sender.send(lines);
                }
                sender
            })
        };
        let threads: Vec<_> = (0..6).map(sending).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let survived = TcpStream::connect(address).is_ok();
    drop(serving);
    let acknowledged: u64 = senders.iter().map(|s| s.acknowledged).sum();
    let refused: u64 = senders.iter().map(|s| s.refused).sum();
    let serving = place.serve();
    let there = records(&place);
    serving.stop();
    assert!(there >= acknowledged, "{there} of {acknowledged}");
    assert!(acknowledged > 0, "nothing was tested");
    let how = if survived { "survived" } else { "ended by the system, as a crash" };
    report(
        &format!(
            "700 MB of address space, six senders of up to 45 MB: {how}; {acknowledged} acknowledged, 0 lost, {refused} \
             batches told to try again or not answered"
        ),
        true,
    );
}

/// Sends lines that say who sends them and their number, batch by batch; each again until it is acknowledged. How often
/// that was.
fn insist(address: SocketAddr, who: usize, batches: usize) -> u64 {
    let mut again = 0;
    let mut connection = None;
    for batch in 0..batches {
        let line =
            |n: usize| format!("sender={who} number={} padding={}\n", batch * 20 + n, "x".repeat(n * 9));
        let body: String = (0..20).map(line).collect();
        loop {
            let open = connection.take().map_or_else(|| Connection::open(address), Ok);
            let mut open: Connection = open.unwrap();
            // An answer that never came would leave its fate open: the test would not know what to demand.
            let (status, said) = open.post("/ingest", body.as_bytes()).unwrap();
            connection = Some(open);
            match status {
                200 => break,
                429 | 503 => again += 1,
                _ => panic!("{status}: {}", String::from_utf8_lossy(&said)),
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    again
}

#[test]
fn without_room_it_refuses_and_what_is_brought_again_is_there_once() {
    let place = Place::new();
    // A file that may not grow is then an error of writing, and not a signal.
    let serving = serve(&place, "trap '' XFSZ", &[]);
    let (address, process) = (serving.address, serving.id().to_string());
    let limit = |bytes: &str| {
        let limit = format!("--fsize={bytes}:unlimited");
        assert!(Command::new("prlimit").args(["--pid", &process, &limit]).status().unwrap().success());
    };
    let (senders, batches) = (6, 300);
    let again: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..senders).map(|who| scope.spawn(move || insist(address, who, batches))).collect();
        let until = Instant::now() + PATIENCE;
        while !threads.iter().all(|t| t.is_finished()) && Instant::now() < until {
            limit("0");
            std::thread::sleep(Duration::from_millis(150));
            limit("unlimited");
            std::thread::sleep(Duration::from_millis(100));
        }
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    serving.stop();
    let everything = String::from_utf8(place.everything()).unwrap();
    let mut next = vec![0; senders];
    for line in everything.lines() {
        let number = |name: &str| line.split(name).nth(1)?.split(' ').next()?.parse::<usize>().ok();
        let (who, number) = (number("sender=").unwrap(), number("number=").unwrap());
        assert_eq!(number, next[who], "of sender {who}: twice, lost, or out of order");
        next[who] += 1;
    }
    assert!(next.iter().all(|&n| n == batches * 20), "{next:?}");
    assert!(again > 20, "only {again} batches were refused: nothing was tested");
    let stored = senders * batches * 20;
    report(
        &format!(
            "no file may grow, every 250 ms for 150: {again} batches refused and brought again; {stored} stored, 0 lost, 0 twice"
        ),
        true,
    );
}
