//! What the tests of real logs share: loading, counting, comparing.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Place, parts, shared_data};

/// How many records have each combination of values.
pub(crate) type Counts = BTreeMap<Vec<String>, u64>;

/// A store of some logs, sealed, and their lines.
pub(crate) struct Loaded {
    pub(crate) place: Place,
    pub(crate) lines: Vec<Vec<u8>>,
}

/// Stores `files` of the shared folder as they are. `None` where the folder is missing.
pub(crate) fn load(files: &[&str]) -> Option<Loaded> {
    let dir = shared_data()?;
    let paths: Vec<PathBuf> = files.iter().map(|f| dir.join(f)).collect();
    let place = Place::new();
    let names: Vec<&str> = paths.iter().map(|p| p.to_str().unwrap()).collect();
    place.ok(&[&["ingest", "--quiet"], &names[..]].concat());
    place.ok(&["seal"]);
    let lines: Vec<Vec<u8>> = paths.iter().flat_map(|p| lines(&read(p))).collect();
    let found = place.everything();
    let found: Vec<&[u8]> = found.split_inclusive(|&b| b == b'\n').collect();
    assert_eq!(found.len(), lines.len());
    let same = found.iter().zip(&lines).all(|(f, l)| f.strip_suffix(b"\n") == Some(l));
    assert!(same, "{files:?}: not every line comes back as it was");
    Some(Loaded { place, lines })
}

/// Every file of a folder of the shared one, by name.
pub(crate) fn all_of(folder: &str) -> Vec<String> {
    let Some(dir) = shared_data() else { return Vec::new() };
    let entries = std::fs::read_dir(dir.join(folder)).unwrap();
    let names = entries.map(|e| e.unwrap()).filter(|e| e.path().is_file());
    let mut names: Vec<String> =
        names.map(|e| format!("{folder}/{}", e.file_name().to_str().unwrap())).collect();
    names.sort();
    names
}

/// A file, unpacked.
pub(crate) fn read(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let packed = path.extension().is_some_and(|e| e == "zst");
    if packed { zstd::decode_all(&bytes[..]).unwrap() } else { bytes }
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect()
}

/// Cells of a line of CSV; quotes around a cell are taken off, doubled ones inside made single.
pub(crate) fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells
}

impl Loaded {
    /// Rows of a query, each an object.
    pub(crate) fn rows(&self, query: &str) -> Vec<Value> {
        let out = self.place.run(&["query", "--limit", "none", "--output", "json", "--", query]);
        let (code, shown, said) = parts(&out);
        assert!(code < 2, "{query}: {said}");
        shown.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// The one number that a query gives.
    pub(crate) fn number(&self, query: &str) -> String {
        let out = self.place.run(&["query", "--output", "raw", "--", query]);
        let (code, shown, said) = parts(&out);
        assert!(code < 2, "{query}: {said}");
        shown.trim_end().to_owned()
    }

    /// Records by the values of fields; the empty text stands for a field that is lacking.
    pub(crate) fn count_by(&self, filter: &str, fields: &[&str]) -> Counts {
        let quoted: Vec<String> = fields.iter().map(|f| format!("\"{f}\"")).collect();
        let rows = self.rows(&format!("{filter} | stats count() by {}", quoted.join(", ")));
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let key = |row: &Value| fields.iter().map(|f| text(&row[*f])).collect();
        rows.iter().map(|row| (key(row), row["count"].as_u64().unwrap())).collect()
    }

    /// How many lines `grep` finds with `flags`.
    pub(crate) fn grep(&self, flags: &str, text: &str) -> String {
        self.tool(Command::new("grep").env("LC_ALL", "C").args([flags, "--", text]))
    }

    /// How often each value of a `jq` filter comes, a line each; `None` where there is no `jq`.
    pub(crate) fn jq(&self, filter: &str) -> Option<Counts> {
        Command::new("jq").arg("--version").stdout(Stdio::null()).status().ok()?;
        let mut counts = Counts::new();
        for line in self.tool(Command::new("jq").args(["-r", filter])).lines() {
            *counts.entry(line.split('\t').map(str::to_owned).collect()).or_default() += 1;
        }
        Some(counts)
    }

    /// What a tool prints when it is fed all lines.
    fn tool(&self, command: &mut Command) -> String {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut all = self.lines.join(&b'\n');
                all.push(b'\n');
                pipe.write_all(&all).unwrap();
            });
            let out = child.wait_with_output().unwrap();
            String::from_utf8_lossy(&out.stdout).trim_end().to_owned()
        })
    }
}

/// Counts what `key` gives for each line.
pub(crate) fn count<L>(lines: impl IntoIterator<Item = L>, key: impl Fn(L) -> Vec<String>) -> Counts {
    let mut counts = Counts::new();
    for line in lines {
        *counts.entry(key(line)).or_default() += 1;
    }
    counts
}

/// Both must be the same; shows only where they differ.
#[track_caller]
pub(crate) fn same(ours: &Counts, theirs: &Counts, what: &str) {
    let differ = |a: &Counts, b: &Counts| -> Vec<String> {
        let other = a.iter().filter(|(k, n)| b.get(*k) != Some(n));
        other.take(20).map(|(k, n)| format!("{k:?}: {n}, not {:?}", b.get(k))).collect()
    };
    assert!(ours == theirs, "{what}: ours {:#?}, theirs {:#?}", differ(ours, theirs), differ(theirs, ours));
}
