//! Prometheus itself scrapes the page of metrics, and its linter reads it.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::programs::of_prometheus;
use super::trial::{Trial, free_address};
use crate::support::http::Connection;

/// How long it may take to begin, scrape and answer.
const LIMIT: Duration = Duration::from_secs(60);

const RECEIVERS: &str = r#"
    [[receivers]]
    kind = "syslog"
    udp = "127.0.0.1:0"
    tcp = "127.0.0.1:0"
    [[routes]]
    name = "errors"
    when = "error"
    stores = ["errors"]
"#;

/// Prometheus on a port of its own. Ends with the value.
struct Prometheus {
    child: Child,
    programs: PathBuf,
    address: SocketAddr,
    log: PathBuf,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    fn start(programs: &Path, trial: &Trial) -> Prometheus {
        let target = trial.address;
        let config = format!(
            "global: {{ scrape_interval: 1s }}\nscrape_configs:\n  - job_name: gastrolog\n    static_configs:\n      - targets: [\"{target}\"]\n"
        );
        let config = trial.place.beside("prometheus.yml", config.as_bytes());
        let (address, log) = (free_address(), trial.place.beside("prometheus.log", b""));
        let option = |name: &str, value: String| format!("--{name}={value}");
        let child = Command::new(programs.join("prometheus"))
            .arg(option("config.file", config.display().to_string()))
            .arg(option("storage.tsdb.path", config.with_file_name("tsdb").display().to_string()))
            .arg(option("web.listen-address", address.to_string()))
            .stdout(Stdio::null())
            .stderr(std::fs::File::options().append(true).open(&log).unwrap())
            .spawn()
            .unwrap();
        Prometheus { child, programs: programs.to_owned(), address, log }
    }

    /// Asks until there is an answer: the series for which `query` holds, one a line.
    fn wait_for(&self, query: &str) -> String {
        let start = Instant::now();
        loop {
            let asked = Command::new(self.programs.join("promtool"))
                .args(["query", "instant", &format!("http://{}", self.address), query])
                .output()
                .unwrap();
            let shown = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
            if asked.status.success() && !shown.is_empty() {
                return shown;
            }
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let last = log.lines().last().unwrap_or_default();
            assert!(start.elapsed() < LIMIT, "{query} has no answer: {last}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// What the linter of Prometheus complains of.
fn complaints(programs: &Path, page: &[u8]) -> String {
    let mut linter = Command::new(programs.join("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    linter.stdin.take().unwrap().write_all(page).unwrap();
    let out = linter.wait_with_output().unwrap();
    let said = [out.stdout, out.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if out.status.success() { said } else { format!("{}: {said}", out.status) }
}

#[test]
fn prometheus_reads_the_metrics() {
    let Some(programs) = of_prometheus() else { return };
    let mut trial = Trial::new(RECEIVERS);
    let mut connection = Connection::open(trial.address).unwrap();
    assert_eq!(connection.post("/ingest", b"one\ntwo error\nthree\n").unwrap().0, 200);
    trial.found("error");

    let (status, page) = connection.get("/metrics").unwrap();
    assert_eq!(status, 200);
    assert_eq!(complaints(&programs, &page), "");
    assert!(complaints(&programs, b"wrong\n").contains("exit status"), "the linter takes anything");

    let prometheus = Prometheus::start(&programs, &trial);
    prometheus.wait_for("up{job=\"gastrolog\"} == 1");
    prometheus.wait_for("gastrolog_receiver_records_stored_total{receiver=\"http\"} == 3");
    prometheus.wait_for("gastrolog_route_records_total{route=\"errors\"} == 1");
    let quantile = "histogram_quantile(0.99, gastrolog_store_append_seconds_bucket{store=\"errors\"}) > 0";
    prometheus.wait_for(quantile);
    drop(prometheus);
    trial.stop();
}
