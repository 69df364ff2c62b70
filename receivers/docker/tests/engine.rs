//! Against an engine that answers as documented: frames and terminals, containers that come and go, restarts of either
//! side.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod fake;

use std::sync::Arc;
use std::time::{Duration, Instant};

use fake::{Container, Engine, MINUTE};
use gastrolog_follow::Start;
use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Counters, Receiver, Shutdown};
use gastrolog_receiver_docker::{EngineConfig, EngineReceiver};
use gastrolog_types::{Record, Timestamp};

struct Setup {
    folder: tempfile::TempDir,
    engine: Engine,
    sink: Arc<MemorySink>,
    from: Start,
}

/// A receiver on its thread.
struct Running {
    shutdown: Shutdown,
    counters: Arc<Counters>,
    thread: std::thread::JoinHandle<()>,
}

impl Setup {
    fn new() -> Setup {
        Setup::with(MemorySink::new())
    }

    fn with(sink: MemorySink) -> Setup {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::start(folder.path());
        Setup { folder, engine, sink: Arc::new(sink), from: Start::Beginning }
    }

    fn start(&self) -> Running {
        let config = EngineConfig {
            socket: self.engine.socket.clone(),
            state_file: self.folder.path().join("bookmarks"),
            from: self.from,
            line_bytes_max: 100_000,
            list_every: Duration::from_millis(300),
            ..EngineConfig::default()
        };
        let clock = Arc::new(|| Timestamp(MINUTE + 30_000_000_000));
        let receiver = Box::new(EngineReceiver::new(config, self.sink.clone(), clock).unwrap());
        let (shutdown, counters) = (Shutdown::new(), receiver.counters());
        let thread = std::thread::spawn({
            let shutdown = shutdown.clone();
            move || receiver.run(shutdown).unwrap()
        });
        Running { shutdown, counters, thread }
    }

    fn wait_for(&self, records: usize) {
        wait_until(&format!("{records} records"), || self.sink.len() >= records);
    }

    fn texts_of(&self, stream: &str) -> Vec<String> {
        let records = self.sink.records();
        let of_stream = records.iter().filter(|r| value(r, "stream").as_deref() == Some(stream));
        of_stream.map(|r| String::from_utf8(r.text.clone()).unwrap()).collect()
    }
}

impl Running {
    fn stop(self) -> Arc<Counters> {
        self.shutdown.start();
        self.thread.join().unwrap();
        assert!(self.counters.snapshot().reconciles());
        self.counters
    }
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} did not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn value(record: &Record, name: &str) -> Option<String> {
    let found = record.attributes.iter().find(|(n, _)| *n == name);
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

#[test]
fn containers_that_are_there_and_that_come() {
    let setup = Setup::new();
    setup.engine.run("aa", Container { name: "/web".into(), ..Container::default() });
    setup.engine.write("aa", 1, 1, "one\n");
    setup.engine.write("aa", 2, 2, "two\n");
    let running = setup.start();
    setup.wait_for(2);
    setup.engine.write("aa", 1, 3, &"x".repeat(16 << 10));
    setup.engine.write("aa", 2, 4, "between\n");
    setup.wait_for(3);
    setup.engine.write("aa", 1, 5, "y\n");
    setup.wait_for(4);
    setup.engine.run("bb", Container { tty: true, ..Container::default() });
    setup.engine.write("bb", 1, 6, "on a terminal\r\n");
    setup.wait_for(5);
    setup.engine.end("bb");
    let counters = running.stop();
    assert_eq!((counters.snapshot().faults, counters.snapshot().parse_errors), (0, 0));
    let texts = setup.sink.texts();
    assert_eq!((texts[0].as_str(), texts[1].as_str(), texts[2].as_str()), ("one", "two", "between"));
    assert_eq!(texts[3], "x".repeat(16 << 10) + "y");
    assert_eq!(texts[4], "on a terminal\r");
    let records = setup.sink.records();
    let names = ["receiver", "container_id", "container", "image", "label.app", "stream"];
    let values = names.map(|name| value(&records[1], name).unwrap());
    assert_eq!(values, ["docker", "aa", "web", "busybox:1", "shop", "stderr"]);
    assert_eq!((records[1].source, records[3].source), (Timestamp(MINUTE + 2), Timestamp(MINUTE + 3)));
}

#[test]
fn a_container_that_has_stopped_starts_again_and_goes() {
    let setup = Setup::new();
    setup.engine.run("aa", Container::default());
    setup.engine.write("aa", 1, 1, "one\n");
    setup.engine.write("aa", 1, 1, "no end");
    setup.engine.end("aa");
    let running = setup.start();
    // What nothing has ended is given when its container has stopped.
    setup.wait_for(2);
    let again = setup.engine.inner.lock().containers["aa"].clone();
    setup.engine.run("aa", again);
    setup.engine.write("aa", 1, 1, "two\n");
    setup.wait_for(3);
    setup.engine.inner.lock().containers.get_mut("aa").unwrap().running = false;
    std::thread::sleep(Duration::from_millis(50));
    setup.engine.inner.lock().containers.clear();
    // The next list comes without it.
    std::thread::sleep(Duration::from_millis(400));
    running.stop();
    assert_eq!(setup.sink.texts(), ["one", "no end", "two"]);
    let partial: Vec<_> = setup.sink.records().iter().map(|r| value(r, "partial").is_some()).collect();
    assert_eq!(partial, [false, true, false]);
}

#[test]
fn only_what_comes_when_it_is_to_begin_at_the_end() {
    let mut setup = Setup::new();
    setup.from = Start::End;
    setup.engine.run("aa", Container::default());
    setup.engine.write("aa", 1, 29_000_000_000, "old\n");
    let running = setup.start();
    wait_until("a question", || !setup.engine.inner.lock().asked.is_empty());
    running.stop();
    // The next start knows where the first began.
    setup.engine.write("aa", 1, 31_000_000_000, "new\n");
    setup.engine.run("bb", Container::default());
    setup.engine.write("bb", 1, 1, "new too\n");
    let running = setup.start();
    setup.wait_for(2);
    running.stop();
    let mut texts = setup.sink.texts();
    texts.sort();
    assert_eq!(texts, ["new", "new too"]);
}

#[test]
fn a_log_that_cannot_be_read_is_told_and_others_are_read() {
    let setup = Setup::with(MemorySink::new().fail_next(2));
    setup.engine.run("aa", Container { unreadable: true, ..Container::default() });
    setup.engine.run("bb", Container::default());
    setup.engine.write("bb", 1, 1, "one\n");
    let running = setup.start();
    setup.wait_for(1);
    let told = || running.counters.last_error().is_some_and(|(_, text)| text.contains("does not support"));
    wait_until("an error", told);
    running.stop();
}

/// Both sides are stopped and started while messages come, of which several have one time and some are pieces: every
/// line is there once, in the order of its stream.
#[test]
fn restarts_of_either_side_lose_and_repeat_nothing() {
    let mut setup = Setup::new();
    setup.engine.run("aa", Container::default());
    let (mut running, mut written) = (setup.start(), [Vec::new(), Vec::new()]);
    let mut dice = 7u64;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let mut ns = 0;
    for round in 0..30 {
        for n in 0..roll(60) {
            ns += [0, 0, 1, 300_000_000 / 60][roll(4) as usize] as i64;
            let stream = roll(2) as u8 + 1;
            let mut line = String::new();
            for piece in 0..=roll(3) {
                let text = format!("{round}.{n}.{piece};");
                line += &text;
                setup.engine.write("aa", stream, ns, &text);
            }
            setup.engine.write("aa", stream, ns, "end\n");
            written[usize::from(stream) - 1].push(line + "end");
        }
        std::thread::sleep(Duration::from_millis(roll(40)));
        match roll(5) {
            0 | 1 => {
                running.stop();
                running = setup.start();
            }
            2 => setup.engine.inner.lock().breaks += 1,
            3 if round % 3 == 0 => setup.engine.restart(),
            _ => {}
        }
    }
    setup.wait_for(written[0].len() + written[1].len());
    running.stop();
    assert!(written[0].len() > 100);
    assert_eq!([setup.texts_of("stdout"), setup.texts_of("stderr")], written);
}

/// As after a kill: the bookmarks are those of some moment before. What was stored after it comes again, nothing else, and
/// nothing is missing.
#[test]
fn old_bookmarks_repeat_and_lose_nothing() {
    let setup = Setup::new();
    setup.engine.run("aa", Container::default());
    let running = setup.start();
    for n in 0..500 {
        setup.engine.write("aa", 1 + (n % 2) as u8, n / 7 * 40_000_000, &format!("{n}\n"));
        if n % 100 == 0 {
            setup.wait_for(n as usize);
        }
        if n == 250 {
            setup.wait_for(251);
            std::fs::copy(setup.folder.path().join("bookmarks"), setup.folder.path().join("old")).unwrap();
        }
    }
    setup.wait_for(500);
    running.stop();
    std::fs::copy(setup.folder.path().join("old"), setup.folder.path().join("bookmarks")).unwrap();
    let running = setup.start();
    let (mut seen, all) = (vec![0; 500], || setup.sink.texts());
    wait_until("the last", || all().iter().filter(|text| *text == "499").count() == 2);
    running.stop();
    for text in all() {
        seen[text.parse::<usize>().unwrap()] += 1;
    }
    assert!(seen.iter().all(|times| (1..=2).contains(times)), "{seen:?}");
    // The bookmarks were written just after 250 was stored, or just before.
    let repeated = seen.iter().filter(|times| **times == 2).count();
    assert!((249..=350).contains(&repeated), "{repeated} came again");
}

/// Where containers are started all the time the list is asked for all the same.
#[test]
fn events_do_not_keep_the_list_from_being_asked_for() {
    let setup = Setup::new();
    let running = setup.start();
    wait_until("a third list", || {
        let mut inner = setup.engine.inner.lock();
        inner.started.push("cc".into());
        inner.lists >= 3
    });
    running.stop();
}

#[test]
fn an_engine_that_fails_is_asked_again_for_the_log_of_a_stopped_container() {
    let setup = Setup::new();
    setup.engine.run("aa", Container { failures: 2, ..Container::default() });
    setup.engine.write("aa", 1, 1, "last words\n");
    setup.engine.end("aa");
    let running = setup.start();
    setup.wait_for(1);
    running.stop();
}

/// The clock of the machine is put back by half a minute, while nothing listens.
#[test]
fn what_comes_after_the_clock_was_put_back_is_read() {
    let setup = Setup::new();
    setup.engine.run("aa", Container::default());
    setup.engine.write("aa", 1, 55_000_000_000, "before\n");
    let running = setup.start();
    setup.wait_for(1);
    running.stop();
    setup.engine.write("aa", 1, 25_000_000_000, "after\n");
    let running = setup.start();
    setup.wait_for(2);
    running.stop();
    assert_eq!(setup.sink.texts(), ["before", "after"]);
}

/// The end need not wait for an answer: then that it did not come would be counted.
#[test]
fn an_engine_that_does_not_answer_does_not_hold_up_the_end() {
    let mut setup = Setup::new();
    setup.engine.stop();
    std::fs::remove_file(&setup.engine.socket).unwrap();
    let silent = std::os::unix::net::UnixListener::bind(&setup.engine.socket).unwrap();
    let running = setup.start();
    let (mut asked, _) = silent.accept().unwrap();
    std::io::Read::read_exact(&mut asked, &mut [0; 4]).unwrap();
    assert_eq!(running.stop().snapshot().faults, 0);
}
