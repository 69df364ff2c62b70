//! Against Docker itself, where its engine is installed and may be started: with folders and a socket of its own, and an
//! image made of busybox. Says why when it is skipped.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gastrolog_follow::FollowConfig;
use gastrolog_ingest::testing::MemorySink;
use gastrolog_ingest::{Counters, Receiver, Shutdown};
use gastrolog_receiver_docker::{DockerFiles, EngineConfig, EngineReceiver, file_globs};
use gastrolog_types::{Record, Timestamp};

/// Lines of each stream.
const LINES: usize = 1500;

/// Writes lines to both streams, some of them long, with a pause in the middle.
const WORK: &str = "i=0; while [ $i -lt 1500 ]; do echo out $i; echo err $i >&2; i=$((i+1)); \
                    if [ $((i % 500)) = 0 ]; then sleep 1; fi; done; head -c 40000 /dev/zero | tr '\\0' x; echo; echo end";

struct Docker {
    folder: tempfile::TempDir,
    engine: Child,
}

impl Docker {
    /// Starts an engine; an error is why it cannot be.
    fn start() -> Result<Docker, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let busybox =
            std::env::split_paths(&path).map(|folder| folder.join("busybox")).find(|file| file.exists());
        let busybox = busybox.ok_or("there is no busybox (of busybox-static)")?;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut engine = Command::new("dockerd");
        engine.args(["--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=vfs"]);
        engine.arg("--data-root").arg(at("data")).arg("--exec-root").arg(at("exec"));
        engine.arg("--pidfile").arg(at("pid")).arg(format!("--host=unix://{}", at("docker.sock").display()));
        engine.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let engine = engine.spawn().map_err(|e| format!("dockerd: {e}"))?;
        let mut docker = Docker { folder, engine };
        let start = Instant::now();
        while !docker.run(&["version"]).is_ok_and(|output| output.status.success()) {
            let ended = docker.engine.try_wait().unwrap();
            if ended.is_some() || start.elapsed() > Duration::from_secs(30) {
                return Err(format!("dockerd does not come up ({ended:?})"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        docker.import(&busybox);
        Ok(docker)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> std::io::Result<Output> {
        let host = format!("unix://{}", self.path("docker.sock").display());
        Command::new("docker").args(["--host", &host]).args(arguments).stdin(Stdio::null()).output()
    }

    fn import(&self, busybox: &Path) {
        let bin = self.path("image/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::copy(busybox, bin.join("busybox")).unwrap();
        for name in ["sh", "echo", "sleep", "head", "tr"] {
            std::os::unix::fs::symlink("busybox", bin.join(name)).unwrap();
        }
        let tar = self.path("image.tar");
        let made =
            Command::new("tar").arg("-C").arg(self.path("image")).arg("-cf").arg(&tar).arg(".").status();
        assert!(made.unwrap().success());
        let imported = self.run(&["import", tar.to_str().unwrap(), "busybox:1"]).unwrap();
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // SIGTERM ends its containers too.
        Command::new("kill").arg(self.engine.id().to_string()).status().ok();
        self.engine.wait().ok();
    }
}

/// A receiver that is stopped and started again.
struct Reader {
    sink: Arc<MemorySink>,
    make: Box<dyn Fn(Arc<MemorySink>) -> Box<dyn Receiver>>,
    running: Option<(Shutdown, std::thread::JoinHandle<()>, Arc<Counters>)>,
}

impl Reader {
    fn new(make: impl Fn(Arc<MemorySink>) -> Box<dyn Receiver> + 'static) -> Reader {
        let mut reader = Reader { sink: Arc::default(), make: Box::new(make), running: None };
        reader.restart();
        reader
    }

    fn stop(&mut self) {
        if let Some((shutdown, thread, counters)) = self.running.take() {
            shutdown.start();
            thread.join().unwrap();
            let counts = counters.snapshot();
            assert!(counts.reconciles() && counts.parse_errors == 0, "{counts:?}");
        }
    }

    fn restart(&mut self) {
        self.stop();
        let receiver = (self.make)(self.sink.clone());
        let (shutdown, counters) = (Shutdown::new(), receiver.counters());
        let told = shutdown.clone();
        let thread = std::thread::spawn(move || receiver.run(told).unwrap());
        self.running = Some((shutdown, thread, counters));
    }

    fn texts(&self, container: &str, stream: &str) -> Vec<String> {
        let records = self.sink.records();
        let wanted = |r: &&Record| is(r, "container", container) && is(r, "stream", stream);
        records.iter().filter(wanted).map(|r| String::from_utf8(r.text.clone()).unwrap()).collect()
    }
}

fn is(record: &Record, name: &str, value: &str) -> bool {
    record.attributes.iter().any(|(n, v)| n == name && v == value.as_bytes())
}

fn readers(docker: &Docker) -> [Reader; 2] {
    let (socket, state) = (docker.path("docker.sock"), docker.path("engine-bookmarks"));
    let engine = Reader::new(move |sink| {
        let (socket, state_file) = (socket.clone(), state.clone());
        let config = EngineConfig { socket, state_file, ..EngineConfig::default() };
        Box::new(EngineReceiver::new(config, sink, Arc::new(|| Timestamp(7))).unwrap())
    });
    let (globs, state) = (file_globs(&docker.path("data/containers")), docker.path("file-bookmarks"));
    let files = Reader::new(move |sink| {
        let (globs, state_file) = (globs.clone(), state.clone());
        let config = FollowConfig { globs, state_file, ..FollowConfig::default() };
        Box::new(DockerFiles::follow(config, sink, Arc::new(|| Timestamp(7))).unwrap())
    });
    [engine, files]
}

#[test]
fn docker_itself() {
    let docker = match Docker::start() {
        Ok(docker) => docker,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let mut readers = readers(&docker);
    for (name, options) in [("plain", &["--log-opt", "max-size=1m"][..]), ("terminal", &["--tty"][..])] {
        let run = ["run", "--detach", "--network=none", "--label=app=shop", "--name", name];
        let run = [&run[..], options, &["busybox:1", "/bin/sh", "-c", WORK]].concat();
        let started = docker.run(&run).unwrap();
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
        std::thread::sleep(Duration::from_millis(300));
        readers.iter_mut().for_each(Reader::restart);
    }
    let lines = |stream: &str| (0..LINES).map(|n| format!("{stream} {n}")).collect::<Vec<_>>();
    let last = ["x".repeat(40_000), "end".to_owned()];
    for reader in &mut readers {
        let start = Instant::now();
        let done = |reader: &Reader| {
            ["plain", "terminal"].iter().all(|name| {
                let texts = reader.texts(name, "stdout");
                texts.last().is_some_and(|text| text.trim_end() == "end")
            })
        };
        while !done(reader) && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(Duration::from_millis(500));
        reader.stop();
        assert_eq!(reader.texts("plain", "stdout"), [lines("out"), last.to_vec()].concat());
        assert_eq!(reader.texts("plain", "stderr"), lines("err"));
        // A terminal has one stream, and CR before LF.
        let both = (0..LINES).flat_map(|n| [format!("out {n}\r"), format!("err {n}\r")]);
        let both: Vec<String> = both.chain(last.iter().map(|text| format!("{text}\r"))).collect();
        assert_eq!(reader.texts("terminal", "stdout"), both);
        let records = reader.sink.records();
        assert!(records.iter().all(|r| is(r, "label.app", "shop") && is(r, "image", "busybox:1")));
        assert!(records.iter().all(|r| r.source > Timestamp(1_700_000_000_000_000_000)));
    }
}
