//! Protocols over HTTP on the port of the API: OTLP, Loki, Elasticsearch, GELF and the journal's uploads.

use std::borrow::Cow;
use std::io;

use super::wrap::{self, text};
use super::{Listening, Protocol};
use crate::support::http::Connection;

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Otlp,
    Loki,
    Elastic,
    Gelf,
    Journald,
}

impl Kind {
    pub(crate) const ALL: [Kind; 5] = [Kind::Otlp, Kind::Loki, Kind::Elastic, Kind::Gelf, Kind::Journald];

    /// Path, content type, and the status that acknowledges.
    fn route(self) -> (&'static str, &'static str, u16) {
        match self {
            Kind::Otlp => ("/v1/logs", "application/json", 200),
            Kind::Loki => ("/loki/api/v1/push", "application/json", 204),
            Kind::Elastic => ("/elastic/_bulk", "application/x-ndjson", 200),
            Kind::Gelf => ("/gelf", "application/json", 202),
            Kind::Journald => ("/upload", "application/vnd.fdo.journal", 202),
        }
    }

    /// The member of the record that is the line; none where the line is the record.
    fn member(self) -> Option<&'static str> {
        match self {
            Kind::Otlp => Some("body"),
            Kind::Loki => None,
            Kind::Elastic => Some("elastic"),
            Kind::Gelf => Some("short_message"),
            Kind::Journald => Some("MESSAGE"),
        }
    }

    fn body(self, lines: &[Vec<u8>]) -> Vec<u8> {
        let each = |one: &dyn Fn(&[u8]) -> String| lines.iter().map(|line| one(line)).collect::<Vec<_>>();
        match self {
            Kind::Otlp => {
                let records =
                    each(&|line| format!("{{\"body\":{{\"stringValue\":{}}}}}", text(line))).join(",");
                format!("{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{records}]}}]}}]}}")
                    .into_bytes()
            }
            Kind::Loki => {
                let values = each(&|line| format!("[\"1700000000000000000\",{}]", text(line))).join(",");
                format!("{{\"streams\":[{{\"stream\":{{\"job\":\"kill\"}},\"values\":[{values}]}}]}}")
                    .into_bytes()
            }
            Kind::Elastic => {
                let action = "{\"create\":{\"_index\":\"kill\"}}\n";
                each(&|line| format!("{action}{{\"elastic\":{}}}\n", text(line))).concat().into_bytes()
            }
            Kind::Gelf => {
                let more = "\"version\":\"1.1\",\"host\":\"kill\"}\n";
                each(&|line| format!("{{\"short_message\":{},{more}", text(line))).concat().into_bytes()
            }
            Kind::Journald => {
                lines.iter().flat_map(|line| [b"MESSAGE=", &line[..], b"\n\n"].concat()).collect()
            }
        }
    }
}

/// A connection that is kept.
pub(crate) struct Web {
    kind: Kind,
    connection: Option<Connection>,
}

impl Web {
    pub(crate) fn new(kind: Kind) -> Web {
        Web { kind, connection: None }
    }
}

impl Protocol for Web {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Otlp => "otlp",
            Kind::Loki => "loki",
            Kind::Elastic => "elastic",
            Kind::Gelf => "gelf-http",
            Kind::Journald => "journald",
        }
    }

    fn open(&mut self, server: &Listening) -> io::Result<()> {
        self.connection = Some(Connection::open(server.http)?);
        Ok(())
    }

    fn send(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        let (path, content, wanted) = self.kind.route();
        let connection = self.connection.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let head = format!("Content-Type: {content}\r\n");
        let (status, answer) = connection.post_with(path, &head, &self.kind.body(lines))?;
        // Elasticsearch's clients look for failures in an answer of 200 too.
        let is_well = status == wanted && !answer.windows(13).any(|w| w == b"\"errors\":true");
        if is_well {
            Ok(())
        } else {
            let answer = String::from_utf8_lossy(&answer[..answer.len().min(300)]).into_owned();
            Err(io::Error::other(format!("{status}: {answer}")))
        }
    }

    fn line<'a>(&self, record: &'a [u8]) -> Cow<'a, [u8]> {
        self.kind.member().map_or(Cow::Borrowed(record), |name| wrap::line(name, record))
    }
}
