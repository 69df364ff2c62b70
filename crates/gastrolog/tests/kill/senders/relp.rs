//! RELP: each line is a frame, acknowledged by its own answer.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Listening, Protocol};

/// How long an answer may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lines sent before their answers are read, as clients do.
const WINDOW: usize = 64;

/// A session, and a receiver of its own in the server.
pub(crate) struct Relp {
    number: usize,
    next: u32,
    stream: Option<BufReader<TcpStream>>,
}

impl Relp {
    pub(crate) fn new(number: usize) -> Relp {
        Relp { number, next: 1, stream: None }
    }

    fn frame(&mut self, command: &str, data: &[u8]) -> Vec<u8> {
        let head = format!("{} {command} {}", self.next, data.len());
        self.next += 1;
        let mut frame = head.into_bytes();
        if !data.is_empty() {
            frame.push(b' ');
            frame.extend_from_slice(data);
        }
        frame.push(b'\n');
        frame
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?.get_mut().write_all(bytes)
    }

    /// Reads an answer, which must be to `number` and say that all is well.
    fn answer(&mut self, number: u32) -> io::Result<()> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let mut head = Vec::new();
        for _ in 0..3 {
            if stream.read_until(b' ', &mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let parts: Vec<&str> = head.split_whitespace().collect();
        let length: usize = parts.get(2).and_then(|n| n.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let mut body = vec![0; length + 1];
        stream.read_exact(&mut body)?;
        let is_right = parts.first() == Some(&number.to_string().as_str()) && body.starts_with(b"200");
        if is_right {
            Ok(())
        } else {
            Err(io::Error::other(format!("{head}{}", String::from_utf8_lossy(&body))))
        }
    }
}

impl Protocol for Relp {
    fn name(&self) -> &'static str {
        "relp"
    }

    fn config(&self) -> String {
        // All sessions are with one receiver.
        match self.number {
            0 => "[[receivers]]\nkind = \"relp\"\nlisten = \"127.0.0.1:0\"\n".to_owned(),
            _ => String::new(),
        }
    }

    fn open(&mut self, server: &Listening) -> io::Result<()> {
        let stream = TcpStream::connect(server.at("relp tcp://"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        self.stream = Some(BufReader::new(stream));
        self.next = 1;
        let open = self.frame("open", b"relp_version=0\nrelp_software=test\ncommands=syslog");
        self.write(&open)?;
        self.answer(1)
    }

    fn send(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        for window in lines.chunks(WINDOW) {
            let first = self.next;
            let frames: Vec<u8> = window.iter().flat_map(|line| self.frame("syslog", line)).collect();
            self.write(&frames)?;
            for number in first..self.next {
                self.answer(number)?;
            }
        }
        Ok(())
    }
}
