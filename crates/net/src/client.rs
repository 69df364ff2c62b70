//! A client of HTTP/1.1 for what receivers ask of others: one request a connection, answers that are read as they come.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::ReceiverError;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::tls::roots;

/// How long the head of an answer may take.
const HEAD_WAIT: Duration = if cfg!(test) { Duration::from_secs(1) } else { Duration::from_secs(10) };

/// An answer, whose body is still to come. Dropped, it closes its connection.
pub struct Answer {
    /// Its status code.
    pub status: u16,
    body: Incoming,
    _connection: Connection,
}

/// The task that reads and writes. Dropped, it ends.
struct Connection(tokio::task::JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks for `path` over `stream`, which is the peer's alone.
pub async fn get<S>(
    stream: S,
    host: &str,
    path: &str,
    headers: &[(&'static str, String)],
) -> io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut request = Request::get(path).header("host", host);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
    let asked = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = Connection(tokio::spawn(async move {
            // Its end is that of the body, which says why.
            connection.await.ok();
        }));
        Ok::<_, hyper::Error>((sender.send_request(request).await?, connection))
    };
    let (answer, connection) = tokio::time::timeout(HEAD_WAIT, asked)
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer came in time"))?
        .map_err(io::Error::other)?;
    Ok(Answer { status: answer.status().as_u16(), body: answer.into_body(), _connection: connection })
}

impl Answer {
    /// What comes next of the body; `None` at its end. May be dropped while it waits.
    pub async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// All of the body, when it has no more than `bytes_max` and comes within `wait`.
    pub async fn whole(mut self, bytes_max: usize, wait: Duration) -> io::Result<Vec<u8>> {
        let reading = async {
            let mut all = Vec::new();
            while let Some(chunk) = self.chunk().await? {
                if all.len() + chunk.len() > bytes_max {
                    return Err(io::Error::other(format!("the answer is larger than {bytes_max} bytes")));
                }
                all.extend_from_slice(&chunk);
            }
            Ok(all)
        };
        tokio::time::timeout(wait, reading)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the answer did not end in time"))?
    }
}

/// A client of TLS that trusts those whose certificates one of the roots in the file `ca` (PEM) has signed.
pub fn connector(ca: &Path) -> Result<TlsConnector, ReceiverError> {
    let roots: RootCertStore = roots(ca)?;
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| ReceiverError::Config(format!("TLS: {e}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A connection to a port that speaks TLS.
pub async fn connect(host: &str, port: u16, tls: &TlsConnector) -> io::Result<TlsStream<TcpStream>> {
    let connecting = async {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = TcpStream::connect((host, port)).await?;
        tls.connect(name, stream).await
    };
    tokio::time::timeout(HEAD_WAIT, connecting)
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no connection came about in time"))?
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// What becomes of a question when the peer says `said` and no more.
    async fn asked(said: Vec<u8>, wait: Duration) -> io::Result<Vec<u8>> {
        let (near, mut far) = duplex(64 << 10);
        let peer = tokio::spawn(async move {
            far.read_exact(&mut [0; 10]).await.unwrap();
            let ((mut from, mut to), mut nowhere) = (tokio::io::split(far), tokio::io::sink());
            let saying = async {
                to.write_all(&said).await.ok();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                ended = tokio::io::copy(&mut from, &mut nowhere) => drop(ended.unwrap()),
                () = saying => {}
            }
        });
        let answer = match get(near, "peer", "/x", &[]).await {
            Ok(answer) => answer.whole(100_000, wait).await,
            Err(e) => Err(e),
        };
        // It ends once nobody asks any more.
        tokio::time::timeout(Duration::from_secs(20), peer).await.expect("the connection stays").unwrap();
        answer
    }

    #[tokio::test]
    async fn peers_that_do_not_end_are_left() {
        let head = "HTTP/1.1 200 OK\r\n";
        let endless_head = format!("{head}{}", "x: y\r\n".repeat(1_000_000));
        let endless_body = format!("{head}\r\n{}", "y".repeat(1_000_000));
        let endless_chunks =
            format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", "1\r\ny\r\n".repeat(1_000_000));
        let endless_extension =
            format!("{head}Transfer-Encoding: chunked\r\n\r\n1;{}", "y".repeat(1_000_000));
        let cut = format!("{head}Content-Length: 9\r\n\r\nhalf");
        for (said, why) in [
            (String::new(), Some("no answer came in time")),
            ("HTTP/1.1 100 Continue\r\n\r\n".repeat(100_000), None),
            (cut, Some("did not end in time")),
            (endless_body, Some("larger than 100000 bytes")),
            (endless_chunks, Some("larger than 100000 bytes")),
            (endless_head, None),
            (endless_extension, None),
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), None),
        ] {
            let begin: String = said.chars().take(60).collect();
            let wait = Duration::from_millis(if why == Some("did not end in time") { 300 } else { 20_000 });
            let answer = asked(said.into_bytes(), wait).await;
            let fault = answer.unwrap_err().to_string();
            assert!(why.is_none_or(|why| fault.contains(why)), "{begin:?}: {fault}");
        }
    }
}
