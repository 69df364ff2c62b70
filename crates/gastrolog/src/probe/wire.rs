//! The smallest sender of each protocol: one record, and the answer where there is one.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use super::tls::Trust;

/// How long a connection, a write or an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// What a receiver has answered, for people.
pub(super) type Answer = io::Result<String>;

/// Where a record is sent.
pub(super) struct Peer<'a> {
    /// Its address.
    pub(super) to: SocketAddr,
    /// How, where it speaks TLS.
    pub(super) tls: Option<&'a Trust>,
}

/// A connection, plain or by TLS.
pub(super) trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

impl Peer<'_> {
    fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let stream = tcp(self.to)?;
        Ok(match self.tls {
            Some(trust) => Box::new(trust.connect(stream)?),
            None => Box::new(stream),
        })
    }
}

/// A connection that does not wait for ever.
pub(super) fn tcp(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn refused(answer: impl Into<String>) -> io::Error {
    io::Error::other(answer.into())
}

/// A datagram.
pub(super) fn datagram(to: &Peer<'_>, bytes: &[u8]) -> Answer {
    let socket = UdpSocket::bind(if to.to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
    socket.send_to(bytes, to.to)?;
    Ok("sent; UDP has no answer".into())
}

/// Bytes over a connection that nobody answers on.
pub(super) fn stream(to: &Peer<'_>, bytes: &[u8]) -> Answer {
    match to.tls {
        Some(trust) => trust.send(tcp(to.to)?, bytes)?,
        None => tcp(to.to)?.write_all(bytes)?,
    }
    Ok("sent; this protocol has no answer".into())
}

/// `POST path`; any answer of 2xx is good.
pub(super) fn post(to: &Peer<'_>, path: &str, media_type: &str, body: &[u8]) -> Answer {
    let head = format!("Content-Type: {media_type}\r\nContent-Length: {}\r\n", body.len());
    ask(to.connect()?, &format!("POST {path} HTTP/1.1\r\nHost: {}\r\n{head}", to.to), body)
}

/// A request of HTTP, of whose head only its end is missing.
pub(super) fn ask(mut stream: impl Stream, head: &str, body: &[u8]) -> Answer {
    // In one piece: who has answered the first need not read the rest.
    stream.write_all(&[format!("{head}Connection: close\r\n\r\n").as_bytes(), body].concat())?;
    stream.flush()?;
    let mut answer = Vec::new();
    // Whoever answers and then breaks off has answered.
    let read = stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    let mut lines = text.lines();
    let Some(status) = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")) else {
        read?;
        return Err(refused("it does not speak HTTP"));
    };
    if status.starts_with('2') {
        return Ok(format!("acknowledged: {status}"));
    }
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Err(refused(format!("{status}: {}", body.chars().take(200).collect::<String>())))
}

/// RELP: opens a session, sends a message, waits for both answers.
pub(super) fn relp(to: &Peer<'_>, text: &str) -> Answer {
    let mut stream = BufReader::new(to.connect()?);
    let offer = "relp_version=0\nrelp_software=gastrolog\ncommands=syslog";
    let opened = relp_call(&mut stream, 1, "open", offer)?;
    if !opened.contains(" rsp ") || !opened.contains(" 200") {
        return Err(refused(format!("the session was not opened: {opened}")));
    }
    let answered = relp_call(&mut stream, 2, "syslog", text)?;
    if answered.contains(" 200") { Ok("acknowledged: 200 OK".into()) } else { Err(refused(answered)) }
}

fn relp_call(
    stream: &mut BufReader<Box<dyn Stream>>,
    number: u32,
    command: &str,
    data: &str,
) -> io::Result<String> {
    let frame = format!("{number} {command} {} {data}\n", data.len());
    stream.get_mut().write_all(frame.as_bytes())?;
    stream.get_mut().flush()?;
    let head = format!("{number} rsp ");
    // What is left of an earlier answer comes first.
    for _ in 0..16 {
        let mut line = String::new();
        if stream.by_ref().take(ANSWER_BYTES_MAX).read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.starts_with(&head) {
            return Ok(line.trim_end().to_owned());
        }
    }
    Err(refused("no answer came"))
}

/// Lumberjack, version 2: a window of one event, and its acknowledgement.
pub(super) fn beats(to: &Peer<'_>, event: &str) -> Answer {
    let mut stream = to.connect()?;
    let mut frame = b"2W\0\0\0\x012J\0\0\0\x01".to_vec();
    frame.extend_from_slice(&(event.len() as u32).to_be_bytes());
    frame.extend_from_slice(event.as_bytes());
    stream.write_all(&frame)?;
    stream.flush()?;
    // An acknowledgement of nothing says that it is still busy.
    for _ in 0..16 {
        let mut answer = [0; 6];
        stream.read_exact(&mut answer)?;
        match answer {
            [b'2', b'A', 0, 0, 0, 0] => {}
            [b'2', b'A', 0, 0, 0, 1] => return Ok("acknowledged: event 1".into()),
            _ => return Err(refused("the answer is no acknowledgement")),
        }
    }
    Err(refused("it stays busy"))
}

/// Fluent Forward: `[tag, time, {"message": text}, {"chunk": id}]`, and its acknowledgement.
pub(super) fn fluent(to: &Peer<'_>, seconds: u32, text: &str, id: &str) -> Answer {
    let mut frame = vec![0x94];
    put_text(&mut frame, "gastrolog.test");
    frame.push(0xce);
    frame.extend_from_slice(&seconds.to_be_bytes());
    for (key, value) in [("message", text), ("chunk", id)] {
        frame.push(0x81);
        put_text(&mut frame, key);
        put_text(&mut frame, value);
    }
    let mut stream = to.connect()?;
    stream.write_all(&frame)?;
    stream.flush()?;
    let mut answer = [0; 128];
    let read = stream.read(&mut answer)?;
    let answer = String::from_utf8_lossy(answer.get(..read).unwrap_or(&[]));
    if answer.contains("ack") && answer.contains(id) {
        Ok("acknowledged by its chunk".into())
    } else {
        Err(refused("the answer is no acknowledgement"))
    }
}

/// A short text of msgpack.
fn put_text(out: &mut Vec<u8>, text: &str) {
    out.push(0xd9);
    out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(text.as_bytes().get(..usize::from(u8::MAX)).unwrap_or(text.as_bytes()));
}
