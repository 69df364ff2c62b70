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
const HEAD_WAIT: Duration = Duration::from_secs(10);

/// An answer, whose body is still to come. Dropped, it closes its connection.
pub struct Answer {
    /// Its status code.
    pub status: u16,
    body: Incoming,
    connection: tokio::task::JoinHandle<()>,
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
        let connection = tokio::spawn(async move {
            // Its end is that of the body, which says why.
            connection.await.ok();
        });
        match sender.send_request(request).await {
            Ok(answer) => Ok((answer, connection)),
            Err(e) => {
                connection.abort();
                Err(e)
            }
        }
    };
    let (answer, connection) = tokio::time::timeout(HEAD_WAIT, asked)
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer came in time"))?
        .map_err(io::Error::other)?;
    Ok(Answer { status: answer.status().as_u16(), body: answer.into_body(), connection })
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

impl Drop for Answer {
    fn drop(&mut self) {
        self.connection.abort();
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
