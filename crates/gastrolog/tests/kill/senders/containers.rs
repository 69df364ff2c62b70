//! Files of containers: two streams, whose lines are cut to pieces that lie between each other.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Listening, Promise, Protocol};

/// Longer lines are written in pieces of this size.
const PIECE_BYTES: usize = 256;

/// A rotated file is begun at every so manieth start of the server.
const STARTS_A_FILE: u32 = 3;

/// Time of every line: only its form matters here.
const TIME: &str = "2026-11-21T09:14:20.123456789Z";

/// Who writes the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    Docker,
    Kubernetes,
}

/// Writes lines as a container's runtime does.
pub(crate) struct Containers {
    driver: Driver,
    folder: PathBuf,
    log: PathBuf,
    file: Option<File>,
    starts: u32,
}

impl Containers {
    pub(crate) fn new(driver: Driver, folder: &Path) -> Containers {
        let (folder, log) = match driver {
            Driver::Docker => (folder.join("docker"), "c0ffee/c0ffee-json.log"),
            Driver::Kubernetes => (folder.join("pods"), "shop_web_0a1b/app/0.log"),
        };
        let log = folder.join(log);
        Containers { driver, folder, log, file: None, starts: 0 }
    }

    fn entry(&self, stream: &str, text: &str, is_last: bool) -> String {
        match (self.driver, is_last) {
            (Driver::Docker, true) => entry_of_docker(stream, &format!("{text}\n")),
            (Driver::Docker, false) => entry_of_docker(stream, text),
            (Driver::Kubernetes, true) => format!("{TIME} {stream} F {text}\n"),
            (Driver::Kubernetes, false) => format!("{TIME} {stream} P {text}\n"),
        }
    }

    /// The entries of a line.
    fn entries(&self, stream: &str, line: &[u8]) -> Vec<String> {
        let text = std::str::from_utf8(line).unwrap();
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(PIECE_BYTES).collect();
        let entry = |(n, piece): (usize, &&[u8])| {
            self.entry(stream, std::str::from_utf8(piece).unwrap(), n + 1 == pieces.len())
        };
        pieces.iter().enumerate().map(entry).collect()
    }
}

fn entry_of_docker(stream: &str, text: &str) -> String {
    format!("{}\n", serde_json::json!({ "log": text, "stream": stream, "time": TIME }))
}

impl Protocol for Containers {
    fn name(&self) -> &'static str {
        match self.driver {
            Driver::Docker => "docker",
            Driver::Kubernetes => "kubernetes",
        }
    }

    fn promise(&self) -> Promise {
        Promise::Eventually
    }

    fn config(&self) -> String {
        let folder = self.folder.to_str().unwrap();
        match self.driver {
            Driver::Docker => format!("[[receivers]]\nkind = \"docker\"\nfolder = {folder:?}\n"),
            Driver::Kubernetes => format!(
                "[[receivers]]\nkind = \"kubernetes\"\nglobs = [\"{folder}/*/*/*.log\", \"{folder}/*/*/*.log.[0-9]*[0-9]\"]\n"
            ),
        }
    }

    fn open(&mut self, _: &Listening) -> io::Result<()> {
        std::fs::create_dir_all(self.log.parent().unwrap())?;
        if self.starts.is_multiple_of(STARTS_A_FILE) && self.log.exists() {
            let mut rotated = self.log.clone().into_os_string();
            let number = self.starts / STARTS_A_FILE;
            rotated.push(match self.driver {
                Driver::Docker => format!(".{}", number % 100),
                Driver::Kubernetes => format!(".20261121-{number:06}"),
            });
            std::fs::rename(&self.log, rotated)?;
        }
        self.file = Some(OpenOptions::new().create(true).append(true).open(&self.log)?);
        self.starts += 1;
        Ok(())
    }

    fn send(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        let mut file = self.file.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let streams = ["stdout", "stderr"].into_iter().cycle();
        let mut all = lines.iter().zip(streams).map(|(line, stream)| self.entries(stream, line)).peekable();
        let mut begun = 0;
        while let Some(entries) = all.next() {
            let (last, pieces) = entries.split_last().unwrap();
            for piece in &pieces[begun.min(pieces.len())..] {
                file.write_all(piece.as_bytes())?;
            }
            // The next line, of the other stream, begins before this one ends: lines still end in their order.
            begun = 0;
            if let Some([first, _, ..]) = all.peek().map(Vec::as_slice) {
                file.write_all(first.as_bytes())?;
                begun = 1;
            }
            file.write_all(last.as_bytes())?;
        }
        Ok(())
    }
}
