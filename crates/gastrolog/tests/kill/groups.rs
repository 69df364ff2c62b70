//! Lines of files that are put together, and a server that is killed while it reads: every group is there, whole.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Dice, Place, Serving, number, report};

/// Time of every entry: only its form matters here.
const TIME: &str = "2026-11-21T09:14:20.123456789Z";

/// How long what was written may take to be stored.
const SETTLE: Duration = Duration::from_secs(120);

/// Everything is held against what was written at the end, in memory.
const CYCLES_MAX: u64 = 40;

/// The first line of a group begins with it, no other does.
const BEGIN: &str = "BEGIN ";

/// Who writes the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Docker,
    Kubernetes,
}

/// Writes groups of lines to a file, those of two streams in between each other.
struct Writer {
    form: Form,
    dice: Dice,
    path: PathBuf,
    file: File,
    rotated: u32,
    /// Every group that was written, whole.
    groups: Vec<String>,
}

impl Writer {
    fn new(form: Form, folder: &Path, seed: u64) -> Writer {
        let path = folder.join(match form {
            Form::Plain => "plain/app.log",
            Form::Docker => "docker/c0ffee/c0ffee-json.log",
            Form::Kubernetes => "pods/shop_web_0a1b/app/0.log",
        });
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = open(&path);
        Writer { form, dice: Dice(seed), path, file, rotated: 0, groups: Vec::new() }
    }

    /// What the configuration of the server says of it. Long enough to wait for a line that no group is cut for want of one;
    /// that of a rotated file is stored when the time is over.
    fn config(&self, folder: &Path) -> String {
        let (kind, place) = match self.form {
            Form::Plain => {
                ("tail", format!("globs = [\"{}/plain/*\"]\nfrom = \"start\"\n", folder.display()))
            }
            Form::Docker => ("docker", format!("folder = \"{}/docker\"\n", folder.display())),
            Form::Kubernetes => ("kubernetes", format!("globs = [\"{}/pods/*/*/*\"]\n", folder.display())),
        };
        format!(
            "[[receivers]]\nkind = \"{kind}\"\n{place}[process.{kind}]\nmultiline = {{ start = \"^BEGIN \", wait = \"5s\" }}\n"
        )
    }

    fn entry(&self, stream: &str, line: &str) -> String {
        match self.form {
            Form::Plain => format!("{line}\n"),
            Form::Docker => {
                format!(
                    "{}\n",
                    serde_json::json!({ "log": format!("{line}\n"), "stream": stream, "time": TIME })
                )
            }
            Form::Kubernetes => format!("{TIME} {stream} F {line}\n"),
        }
    }

    fn group(&mut self) -> Vec<String> {
        let name = format!("{:?}.{}", self.form, self.groups.len());
        let more = self.dice.below(9);
        let mut lines = vec![format!("{BEGIN}{name} of {more}")];
        lines.extend(
            (0..more).map(|n| format!("  {name} line {n} {}", "x".repeat(self.dice.below(80) as usize))),
        );
        self.groups.push(lines.join("\n"));
        lines
    }

    /// A few groups, in pieces that end anywhere.
    fn write(&mut self) {
        let streams: &[&str] = if self.form == Form::Plain { &["stdout"] } else { &["stdout", "stderr"] };
        let mut left: Vec<std::collections::VecDeque<String>> =
            streams.iter().map(|_| self.group().into()).collect();
        let mut text = String::new();
        while left.iter().any(|lines| !lines.is_empty()) {
            let at = self.dice.below(left.len() as u64) as usize;
            if let Some(line) = left[at].pop_front() {
                text.push_str(&self.entry(streams[at], &line));
            }
        }
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.len().min(1 + self.dice.below(700) as usize));
            self.file.write_all(piece).unwrap();
            rest = behind;
            std::thread::sleep(Duration::from_millis(self.dice.below(3)));
        }
    }

    fn rotate(&mut self) {
        self.rotated += 1;
        let to = match self.form {
            Form::Plain | Form::Docker => format!("{}.{}", self.path.display(), self.rotated),
            Form::Kubernetes => format!("{}.20261121-{:06}", self.path.display(), self.rotated),
        };
        std::fs::rename(&self.path, to).unwrap();
        self.file = open(&self.path);
    }

    /// Begins one more group in each stream: the ones before are whole then.
    fn end(&mut self) {
        for stream in ["stdout", "stderr"] {
            let entry = self.entry(stream, &format!("{BEGIN}the end"));
            self.file.write_all(entry.as_bytes()).unwrap();
        }
    }
}

fn open(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

fn serve(place: &Place, config: &str) -> Serving {
    let path = place.beside("config.toml", config.as_bytes());
    Serving::start(place.command(&["serve", "--listen", "127.0.0.1:0", "--config", path.to_str().unwrap()]))
}

/// How often each record is there, but for those that end the files.
fn records(place: &Place) -> HashMap<String, u64> {
    let all = String::from_utf8(place.everything()).unwrap();
    let mut times = HashMap::new();
    // Every record begins so; what does not is a part of one that was torn off, and is found at the end of another.
    for record in all.split(BEGIN).skip(1).filter(|record| record.trim_end() != "the end") {
        *times.entry(format!("{BEGIN}{}", record.trim_end_matches('\n'))).or_default() += 1;
    }
    times
}

/// Waits until all groups are there; the records then.
fn settled(place: &Place, writers: &[Writer]) -> HashMap<String, u64> {
    let until = Instant::now() + SETTLE;
    loop {
        let found = records(place);
        let missing =
            writers.iter().flat_map(|w| &w.groups).find(|group| !found.contains_key(group.as_str()));
        match missing {
            None => return found,
            Some(group) => assert!(Instant::now() < until, "not there as it was written: {group}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn lines_that_belong_together_stay_so_over_kill_nine() {
    let (seed, cycles) =
        (number("GASTROLOG_KILL_SEED", 23), number("GASTROLOG_KILL_CYCLES", 4).min(CYCLES_MAX));
    let (mut dice, place, began) = (Dice(seed), Place::new(), Instant::now());
    let folder = place.data().parent().unwrap().to_owned();
    let forms = [Form::Plain, Form::Docker, Form::Kubernetes];
    let mut writers: Vec<Writer> = forms.into_iter().map(|form| Writer::new(form, &folder, seed)).collect();
    let config: String = writers.iter().map(|w| w.config(&folder)).collect();
    for cycle in 0..cycles {
        let serving = serve(&place, &config);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for writer in &mut writers {
                let stop = &stop;
                scope.spawn(move || {
                    while !stop.load(Ordering::SeqCst) {
                        writer.write();
                    }
                    // In the file that was rotated a group is open: it goes on with the next start.
                    if cycle % 2 == 1 {
                        writer.rotate();
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(100 + dice.below(900)));
            serving.kill();
            // Nobody reads now.
            std::thread::sleep(Duration::from_millis(dice.below(50)));
            stop.store(true, Ordering::SeqCst);
        });
    }
    writers.iter_mut().for_each(Writer::end);
    let serving = serve(&place, &config);
    let found = settled(&place, &writers);
    let written: usize = writers.iter().map(|w| w.groups.len()).sum();
    assert_eq!(found.len(), written, "records that are no group: {:?}", strange(&found, &writers));
    let twice = found.values().filter(|&&times| times > 1).count();
    let most = found.values().max().copied().unwrap_or(0);
    assert!(most <= 1 + cycles, "a group is there {most} times after {cycles} kills");
    // An orderly stop has the bookmarks behind what is stored: nothing is read again.
    serving.stop();
    let serving = serve(&place, &config);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(records(&place), found, "read again after an orderly stop");
    serving.stop();
    let what = format!(
        "{cycles} kills in {:.0} s: {written} groups of lines in followed files, all whole; {twice} there twice, read again \
         after a kill",
        began.elapsed().as_secs_f64()
    );
    report(&what, written > 50);
}

/// A few of the records that nobody wrote so.
fn strange<'f>(found: &'f HashMap<String, u64>, writers: &[Writer]) -> Vec<&'f String> {
    let is_group = |record: &&String| writers.iter().any(|w| w.groups.contains(record));
    found.keys().filter(|record| !is_group(record)).take(3).collect()
}
