//! Fluent Forward: entries in one message, acknowledged by its chunk.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::wrap;
use super::{Listening, Protocol};

/// How long an answer may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection, and the number of the next chunk.
#[derive(Default)]
pub(crate) struct Fluent {
    stream: Option<TcpStream>,
    chunk: u32,
}

impl Protocol for Fluent {
    fn name(&self) -> &'static str {
        "fluent"
    }

    fn config(&self) -> String {
        "[[receivers]]\nkind = \"fluent\"\nlisten = \"127.0.0.1:0\"\n".to_owned()
    }

    fn open(&mut self, server: &Listening) -> io::Result<()> {
        let stream = TcpStream::connect(server.at("fluent tcp://"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        self.stream = Some(stream);
        Ok(())
    }

    fn send(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        self.chunk += 1;
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        // ["kill", [[time, {"fluent": line}], …], {"chunk": eight digits}] in msgpack.
        let mut message = b"\x93\xa4kill\xdd".to_vec();
        message.extend((lines.len() as u32).to_be_bytes());
        for line in lines {
            message.extend(b"\x92\xce\x65\x53\xf1\x00\x81\xa6fluent\xdb");
            message.extend((line.len() as u32).to_be_bytes());
            message.extend(line);
        }
        let chunk = format!("{:08}", self.chunk % 100_000_000);
        message.extend(b"\x81\xa5chunk\xa8");
        message.extend(chunk.as_bytes());
        stream.write_all(&message)?;
        // {"ack": the same}
        let wanted = [b"\x81\xa3ack\xa8", chunk.as_bytes()].concat();
        let mut answer = vec![0; wanted.len()];
        stream.read_exact(&mut answer)?;
        if answer == wanted { Ok(()) } else { Err(io::Error::other(format!("{answer:?}"))) }
    }

    fn line<'a>(&self, record: &'a [u8]) -> Cow<'a, [u8]> {
        wrap::line("fluent", record)
    }
}
