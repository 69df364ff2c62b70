//! Several processes about the same data: who may write, who may read, and how they find each other.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Place, Serving, bare, parts};

#[test]
fn a_second_writer_is_told_who_was_first() {
    let place = Place::new();
    let serving = place.serve();
    let (code, shown, said) = parts(&place.run(&["serve", "--listen", "127.0.0.1:0"]));
    assert_eq!((code, shown.as_str()), (2, ""), "{said}");
    assert!(said.contains("is held by pid") && said.contains("gastrolog serve"), "{said}");
    // The first one has noticed nothing.
    serving.send(b"still here");
    assert_eq!(place.ok(&["query", "still"]), "still here\n");
    serving.stop();
    place.serve().stop();
}

#[test]
fn reading_beside_a_process_that_writes() {
    let place = Place::new();
    let mut writer = place.command(&["ingest", "-q", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = writer.stdin.take().unwrap();
    for n in 1..=5 {
        writeln!(pipe, "line {n} level=info").unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while parts(&place.run(&["query", "level=info"])).1.lines().count() < n {
            assert!(Instant::now() < until, "line {n} is not seen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let (code, _, said) = parts(&place.run(&["serve", "--listen", "127.0.0.1:0"]));
    assert_eq!(code, 2);
    assert!(said.contains(&format!("is held by pid {}", writer.id())), "{said}");
    assert_eq!(place.run(&["verify"]).status.code(), Some(0));
    drop(pipe);
    assert!(writer.wait().unwrap().success());
    assert_eq!(place.everything().iter().filter(|&&b| b == b'\n').count(), 5);
}

#[test]
fn commands_find_the_server_by_its_socket_and_by_its_address() {
    let place = Place::new();
    let serving = place.serve();
    serving.send(b"a=1\na=2\n");
    let socket = place.data().join("gastrolog.sock");
    let address = serving.address.to_string();
    for server in [socket.to_str().unwrap(), &address] {
        let out = bare(&["query", "--server", server, "--oldest-first", "a=*"])
            .env("GASTROLOG_DATA", "/nowhere")
            .output()
            .unwrap();
        assert_eq!(parts(&out), (0, "a=1\na=2\n".to_owned(), String::new()));
    }
    let file = place.beside("more.log", b"a=3\n");
    place.ok(&["ingest", "-q", file.to_str().unwrap()]);
    assert_eq!(place.ok(&["query", "*", "| stats count()"]), "3\n");
    assert_eq!(place.ok(&["seal"]).lines().count(), 1);
    serving.kill();
    // The socket of a killed server is still there, and nobody answers.
    assert!(socket.exists());
    assert_eq!(place.ok(&["query", "a=3"]), "a=3\n");
    place.serve().stop();
    assert!(!socket.exists());
}

#[test]
fn a_store_in_memory_serves_and_leaves_nothing() {
    let serving = Serving::start(bare(&["serve", "--store", "memory:", "--listen", "127.0.0.1:0"]));
    serving.send(b"hello memory\nhello again\n");
    let address = serving.address.to_string();
    let ask = |args: &[&str]| parts(&bare(&[&["--server", &address], args].concat()).output().unwrap());
    let all = ["query", "--oldest-first", "hello"];
    assert_eq!(ask(&all), (0, "hello memory\nhello again\n".to_owned(), String::new()));
    assert_eq!(ask(&["seal"]).0, 0);
    assert_eq!(ask(&all), (0, "hello memory\nhello again\n".to_owned(), String::new()));
    assert_eq!(ask(&["verify"]).0, 0);
    serving.stop();
    assert_eq!(ask(&all).0, 2);
}

#[test]
fn exit_codes_tell_what_happened() {
    let place = Place::new();
    let code = |args: &[&str]| parts(&place.run(args));
    assert_eq!(code(&["query", "*"]).0, 2, "there is no store");
    place.ingest(b"one status=500\ntwo\n");
    for served in [false, true] {
        let _serving = served.then(|| place.serve());
        assert_eq!(code(&["query", "one"]), (0, "one status=500\n".to_owned(), String::new()));
        assert_eq!(code(&["query", "three"]), (1, String::new(), String::new()));
        let (status, shown, said) = code(&["query", "status=500", "AND"]);
        assert_eq!((status, shown.as_str()), (2, ""));
        assert!(said.contains('^') && said.contains("expected"), "{said}");
        assert_eq!(code(&["query", "--name", "none-such", "*"]).0, 2);
        assert_eq!(code(&["query", "--no-such-flag", "--", "*"]).0, 2);
        assert_eq!(code(&["inspect", "none-such"]).0, 2);
        assert_eq!(code(&["stores"]).0, 0);
        assert_eq!(code(&["verify"]).0, 0);
    }
    assert_eq!(code(&["seal"]).0, 0);
    assert_eq!(code(&["seal"]).0, 1, "nothing to seal");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let place = Place::new();
    let lines: String = (0..40_000).map(|i| format!("line {i} {}\n", "z".repeat(100))).collect();
    place.ingest(lines.as_bytes());
    for served in [false, true] {
        let _serving = served.then(|| place.serve());
        let mut command = place.command(&["query", "--limit", "none", "*"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""), "served: {served}");
    }
}
