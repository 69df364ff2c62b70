//! `POST /ingest`: acknowledged by 200.

use std::io;

use super::{Listening, Protocol};
use crate::support::http::Connection;

/// A connection that is kept.
#[derive(Default)]
pub(crate) struct Http(Option<Connection>);

impl Protocol for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn open(&mut self, server: &Listening) -> io::Result<()> {
        self.0 = Some(Connection::open(server.http)?);
        Ok(())
    }

    fn send(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        let mut body = lines.join(&b'\n');
        body.push(b'\n');
        let connection = self.0.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        match connection.post("/ingest", &body)? {
            (200, _) => Ok(()),
            (status, body) => Err(io::Error::other(format!("{status}: {}", String::from_utf8_lossy(&body)))),
        }
    }
}
