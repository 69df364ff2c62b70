//! Beats: a window of events, acknowledged by the number of its last one.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::wrap::{self, text};
use super::{Listening, Protocol};

/// How long an answer may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection.
#[derive(Default)]
pub(crate) struct Beats(Option<TcpStream>);

fn frame(kind: u8, numbers: &[u32], data: &[u8]) -> Vec<u8> {
    let numbers = numbers.iter().flat_map(|n| n.to_be_bytes());
    [b'2', kind].into_iter().chain(numbers).chain(data.iter().copied()).collect()
}

impl Protocol for Beats {
    fn name(&self) -> &'static str {
        "beats"
    }

    fn config(&self) -> String {
        "[[receivers]]\nkind = \"beats\"\nlisten = \"127.0.0.1:0\"\n".to_owned()
    }

    fn open(&mut self, server: &Listening) -> io::Result<()> {
        let stream = TcpStream::connect(server.at("beats tcp://"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        self.0 = Some(stream);
        Ok(())
    }

    fn send(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        let stream = self.0.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let count = lines.len() as u32;
        let mut window = frame(b'W', &[count], b"");
        for (seq, line) in (1..).zip(lines) {
            let event = format!("{{\"beats\":{}}}", text(line));
            window.extend(frame(b'J', &[seq, event.len() as u32], event.as_bytes()));
        }
        stream.write_all(&window)?;
        loop {
            // Numbers before the last one: a part is stored; 0: the server is at work.
            let mut answer = [0; 6];
            stream.read_exact(&mut answer)?;
            match answer {
                [b'2', b'A', a, b, c, d] if u32::from_be_bytes([a, b, c, d]) == count => return Ok(()),
                [b'2', b'A', a, b, c, d] if u32::from_be_bytes([a, b, c, d]) < count => {}
                other => return Err(io::Error::other(format!("{other:?}"))),
            }
        }
    }

    fn line<'a>(&self, record: &'a [u8]) -> Cow<'a, [u8]> {
        wrap::line("beats", record)
    }
}
