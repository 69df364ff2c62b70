//! Docker's own log drivers: syslog, gelf and fluentd, where dockerd can be started (it wants root, and much of the kernel).
//! Elsewhere that is said.
//!
//! The programs are unpacked below `GASTROLOG_DOCKER`; the engine is one of its own, without networks.

use std::fmt::Write;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;

use super::programs::skipped;
use super::syslog::{SHORT, receiver, text};
use super::trial::{
    ALL, ARRIVED, CONNECTED, Fault, RECORDS, Trial, again_max, check, free_address, number_in,
};
use crate::support::Place;
use crate::support::certificates::certificates;

/// Half seconds that dockerd may take until it answers.
const START: u32 = 60;

/// An engine that runs. Stops with the value.
struct Engine {
    child: Child,
    root: PathBuf,
    place: Place,
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It must unmount what it has mounted, and end containerd.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
            let _ = self.child.wait();
        }
    }
}

/// The folder of the programs.
fn unpacked() -> Option<PathBuf> {
    let root = PathBuf::from(std::env::var_os("GASTROLOG_DOCKER").unwrap_or_default());
    if root.join("usr/sbin/dockerd").exists() && root.join("bin/busybox").exists() {
        return Some(root);
    }
    skipped("dockerd in GASTROLOG_DOCKER");
    None
}

fn with_path(root: &Path, program: &str) -> Command {
    let mut command = Command::new(root.join("usr").join(program));
    let path = std::env::var("PATH").unwrap_or_default();
    let usr = root.join("usr").display().to_string();
    command.env("PATH", format!("{usr}/bin:{usr}/sbin:{path}"));
    command
}

impl Engine {
    /// `None` where it does not come up, with why.
    fn start() -> Option<Engine> {
        let (root, place) = (unpacked()?, Place::new());
        let said = place.beside("said", b"");
        let folder = said.parent().unwrap().display().to_string();
        let mut command = with_path(&root, "sbin/dockerd");
        command.args(["--host", &format!("unix://{folder}/socket"), "--storage-driver=vfs"]);
        command.args(["--data-root", &format!("{folder}/docker"), "--exec-root", &format!("{folder}/run")]);
        command.args(["--pidfile", &format!("{folder}/pid"), "--bridge=none", "--iptables=false"]);
        let child = command
            .args(["--ip6tables=false"])
            .stdout(Stdio::null())
            .stderr(OpenOptions::new().append(true).open(&said).unwrap())
            .spawn()
            .unwrap();
        let mut engine = Engine { child, root, place };
        for _ in 0..START {
            if engine.docker().arg("info").output().is_ok_and(|out| out.status.success()) {
                return Some(engine);
            }
            if engine.child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        let said = std::fs::read_to_string(&said).unwrap();
        eprintln!("skipped: dockerd cannot be started here: {}", said.lines().last().unwrap_or_default());
        None
    }

    fn docker(&self) -> Command {
        let mut command = with_path(&self.root, "bin/docker");
        command.args(["--host", &format!("unix://{}", self.place.data().with_file_name("socket").display())]);
        command
    }

    /// An image with a shell, and the lines that containers print.
    fn import(&self) {
        let mut lines = String::new();
        (0..RECORDS).for_each(|n| writeln!(lines, "{}", text(n, SHORT)).unwrap());
        let lines = self.place.beside("lines", lines.as_bytes());
        let archive = self.place.beside("image.tar", b"");
        let mut tar = Command::new("tar");
        tar.arg("-cf").arg(&archive).arg("-C").arg(self.root.join("bin")).arg("busybox");
        tar.arg("-C").arg(lines.parent().unwrap()).arg("lines");
        assert!(tar.status().unwrap().success());
        let imported = self.docker().arg("import").arg(archive).arg("lines").output().unwrap();
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    }

    /// A container that prints the lines slowly, with these options of its log.
    fn container(&self, driver: &str, options: &[String]) -> Command {
        let slowly =
            "while IFS= read -r l; do echo \"$l\"; case $l in *0\\ *) /busybox sleep 0.03;; esac; done";
        let mut command = self.docker();
        command.args(["run", "--rm", "--network=none", "--log-driver", driver]);
        options.iter().for_each(|option| {
            command.args(["--log-opt", option]);
        });
        command.args(["lines", "/busybox", "sh", "-c", &format!("{slowly} < /lines")]);
        command
    }
}

/// One driver with its options, and the field that has the line.
fn driven(
    engine: &Engine,
    driver: &str,
    options: &[String],
    (place, receiver): (Place, &str),
    faults: &[Fault],
    line: &'static str,
) {
    let mut trial = Trial::at(place, free_address(), receiver);
    trial.watch(engine.container(driver, options), faults, number_in(line));
    trial.stop();
    let is_right = |n: usize, record: &Json| {
        let in_field = record[line] == text(n, SHORT);
        let whole = record["_text"].as_str().unwrap_or_default();
        (in_field || whole.ends_with(&text(n, SHORT))) && record["parse_error"].is_null()
    };
    check(&trial.found("*"), again_max(faults), number_in(line), is_right);
}

fn options(all: &[&str]) -> Vec<String> {
    all.iter().map(|option| (*option).to_owned()).collect()
}

#[test]
fn log_drivers() {
    let Some(engine) = Engine::start() else { return };
    engine.import();

    let (listen, config) = receiver("syslog", "tcp", None);
    let plain =
        options(&[&format!("syslog-address=tcp://{listen}"), "syslog-format=rfc5424micro", "tag=app"]);
    driven(&engine, "syslog", &plain, (Place::new(), &config), CONNECTED, "message");

    let place = Place::new();
    let folder = certificates(&place);
    let (listen, config) = receiver("syslog", "tcp", Some(&folder));
    let file = |option: &str, name: &str| format!("syslog-tls-{option}={}/{name}", folder.display());
    let mut tls = options(&[&format!("syslog-address=tcp+tls://localhost:{}", listen.port()), "tag=app"]);
    tls.extend([file("ca-cert", "ca.pem"), file("cert", "client.pem"), file("key", "client.key")]);
    driven(&engine, "syslog", &tls, (place, &config), CONNECTED, "message");

    let (listen, config) = receiver("syslog", "udp", None);
    let udp = options(&[&format!("syslog-address=udp://{listen}"), "tag=app"]);
    driven(&engine, "syslog", &udp, (Place::new(), &config), ARRIVED, "message");

    for (transport, faults) in [("tcp", CONNECTED), ("udp", ARRIVED)] {
        let (listen, config) = receiver("gelf", transport, None);
        let options = options(&[&format!("gelf-address={transport}://{listen}")]);
        driven(&engine, "gelf", &options, (Place::new(), &config), faults, "short_message");
    }

    let listen = free_address();
    let config = format!("[[receivers]]\nkind = \"fluent\"\nlisten = \"{listen}\"\n");
    let fluentd = options(&[&format!("fluentd-address={listen}"), "fluentd-request-ack=true"]);
    driven(&engine, "fluentd", &fluentd, (Place::new(), &config), ALL, "log");
}
