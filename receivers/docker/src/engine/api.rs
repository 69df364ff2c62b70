//! What is asked of the engine.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use gastrolog_net::client::{Answer, get};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::metadata::Container;

/// Of an answer that is read whole.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// How long one may take.
const ANSWER_WAIT: Duration = Duration::from_secs(20);
/// Of an error that is told to people.
const ERROR_BYTES_MAX: usize = 4096;

/// The engine behind a socket.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    socket: PathBuf,
}

/// A container of the list.
#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    #[serde(rename = "Id")]
    pub(crate) id: String,
    #[serde(default, rename = "State")]
    state: String,
}

impl Listed {
    /// Whether more may come of it.
    pub(crate) fn is_alive(&self) -> bool {
        !matches!(self.state.as_str(), "exited" | "dead" | "created")
    }
}

/// Something that happened.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(default)]
    id: String,
}

/// The engine's word on what went wrong.
#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Api {
    pub(crate) fn new(socket: PathBuf) -> Api {
        Api { socket }
    }

    async fn get(&self, path: &str) -> io::Result<Answer> {
        // Of whatever kind: that the socket is not there does not mean that the container is not.
        let failed = |e| io::Error::other(format!("connecting to {}: {e}", self.socket.display()));
        let stream = UnixStream::connect(&self.socket).await.map_err(failed)?;
        get(stream, "docker", path, &[]).await
    }

    async fn json<T: DeserializeOwned>(&self, path: &str) -> io::Result<T> {
        let answer = good(self.get(path).await?).await?;
        Ok(serde_json::from_slice(&answer.whole(ANSWER_BYTES_MAX, ANSWER_WAIT).await?)?)
    }

    /// All containers, those that have ended too.
    pub(crate) async fn list(&self) -> io::Result<Vec<Listed>> {
        self.json("/containers/json?all=1").await
    }

    /// What is known of one; `None` when there is none.
    pub(crate) async fn inspect(&self, id: &str) -> io::Result<Option<Container>> {
        match self.json(&format!("/containers/{id}/json")).await {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    /// Its log from a time on, and what is written to it from now on.
    pub(crate) async fn logs(&self, id: &str, since_ns: Option<i64>) -> io::Result<Answer> {
        let since = since_ns.map(|ns| {
            let (seconds, nanos) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
            format!("&since={seconds}.{nanos:09}")
        });
        let since = since.unwrap_or_default();
        let path = format!("/containers/{id}/logs?follow=1&stdout=1&stderr=1&timestamps=1{since}");
        good(self.get(&path).await?).await
    }

    /// Tells of containers that are started, from now on.
    pub(crate) async fn events(&self) -> io::Result<Events> {
        // `{"type":["container"],"event":["start"]}`
        let filters = "%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22start%22%5D%7D";
        let answer = good(self.get(&format!("/events?filters={filters}")).await?).await?;
        Ok(Events { answer, bytes: Vec::new(), at: 0, looked: 0 })
    }
}

/// An answer that says yes, or what the engine says instead: that there is no such thing, or that it does not do it
/// ([`io::ErrorKind::InvalidInput`]).
async fn good(answer: Answer) -> io::Result<Answer> {
    if answer.status == 200 {
        return Ok(answer);
    }
    let status = answer.status;
    let body = answer.whole(ERROR_BYTES_MAX, ANSWER_WAIT).await.unwrap_or_default();
    let said = serde_json::from_slice(&body).map(|refusal: Refusal| refusal.message);
    let kind = match status {
        404 => io::ErrorKind::NotFound,
        // That it fails says nothing about the log: but it does not do what it has not implemented.
        500.. if status != 501 => io::ErrorKind::Other,
        _ => io::ErrorKind::InvalidInput,
    };
    Err(io::Error::new(kind, format!("the engine answered {status}: {}", said.unwrap_or_default())))
}

/// The events, one JSON object a line.
pub(crate) struct Events {
    answer: Answer,
    bytes: Vec<u8>,
    /// Of them, these are lines that were taken; …
    at: usize,
    /// … and up to here there is no LF after them.
    looked: usize,
}

impl Events {
    /// The container of the next one; `None` when the engine has ended. May be dropped while it waits.
    pub(crate) async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            while let Some(line) = self.line() {
                // What is no event is made good by the next list.
                if let Some(event) = serde_json::from_slice::<Event>(line).ok().filter(|e| is_id(&e.id)) {
                    return Ok(Some(event.id));
                }
            }
            self.bytes.drain(..std::mem::take(&mut self.at));
            self.looked = self.bytes.len();
            match self.answer.chunk().await? {
                Some(chunk) if self.bytes.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                    self.bytes.extend_from_slice(&chunk);
                }
                Some(_) => return Err(io::Error::other("an event is too long")),
                None => return Ok(None),
            }
        }
    }

    /// The next whole line of what has come.
    fn line(&mut self) -> Option<&[u8]> {
        let end = self.bytes.get(self.looked..)?.iter().position(|&byte| byte == b'\n')? + self.looked;
        let start = std::mem::replace(&mut self.at, end + 1);
        self.looked = self.at;
        self.bytes.get(start..end)
    }
}

/// Whether it can be part of a path.
pub(crate) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
