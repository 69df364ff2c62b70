//! Files that are followed: nothing acknowledges a line, the file keeps it until the bookmark is behind it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Listening, Promise, Protocol};

/// A new file is begun at every so manieth start of the server.
const STARTS_A_FILE: u32 = 4;

/// Writes lines to files of a folder, one file after the other.
pub(crate) struct Tail {
    folder: PathBuf,
    file: Option<File>,
    starts: u32,
}

impl Tail {
    pub(crate) fn new(folder: &Path) -> Tail {
        Tail { folder: folder.to_owned(), file: None, starts: 0 }
    }
}

impl Protocol for Tail {
    fn name(&self) -> &'static str {
        "tail"
    }

    fn promise(&self) -> Promise {
        Promise::Eventually
    }

    fn config(&self) -> String {
        let glob = self.folder.join("followed-*.log");
        format!("[[receivers]]\nkind = \"tail\"\nglobs = [{:?}]\nfrom = \"start\"\n", glob.to_str().unwrap())
    }

    fn open(&mut self, _: &Listening) -> io::Result<()> {
        let path = self.folder.join(format!("followed-{:06}.log", self.starts / STARTS_A_FILE));
        self.file = Some(OpenOptions::new().create(true).append(true).open(path)?);
        self.starts += 1;
        Ok(())
    }

    fn send(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        let mut text = lines.join(&b'\n');
        text.push(b'\n');
        self.file.as_mut().ok_or(io::ErrorKind::NotConnected)?.write_all(&text)
    }
}
