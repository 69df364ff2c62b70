//! The accept loop on real sockets: limits, TLS with and without client certificates, the end.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gastrolog_ingest::{Counters, Shutdown};
use gastrolog_net::{Bound, ConnectionLimits, Stream, TlsFiles, accept, read_some};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

struct Running {
    addr: SocketAddr,
    counters: Arc<Counters>,
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

/// Sends back what comes.
async fn echo(mut stream: Stream, shutdown: Shutdown) {
    let mut bytes = Vec::new();
    loop {
        let read = tokio::select! {
            () = shutdown.wait() => return,
            read = read_some(&mut stream, &mut bytes) => read,
        };
        if !matches!(read, Ok(1..))
            || stream.write_all(&bytes).await.is_err()
            || stream.flush().await.is_err()
        {
            return;
        }
        bytes.clear();
    }
}

fn start(limits: ConnectionLimits, tls: Option<&TlsFiles>) -> Running {
    let bound = Bound::tcp("127.0.0.1:0".parse().unwrap(), tls).unwrap();
    assert_eq!(bound.is_tls(), tls.is_some());
    let (addr, shutdown, counters) = (bound.addr(), Shutdown::new(), Arc::<Counters>::default());
    let served = accept(bound, limits, shutdown.clone(), counters.clone(), {
        let shutdown = shutdown.clone();
        move |stream| echo(stream, shutdown.clone())
    });
    let task = tokio::spawn(async move { served.await.unwrap() });
    Running { addr, counters, shutdown, task }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.unwrap()
}

async fn ask(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin)) -> std::io::Result<()> {
    stream.write_all(b"hello").await?;
    stream.flush().await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"hello");
    Ok(())
}

#[tokio::test]
async fn who_is_over_the_limit_waits_and_all_end_at_shutdown() {
    let running = start(ConnectionLimits { connections_max: 1, ..Default::default() }, None);
    let mut first = TcpStream::connect(running.addr).await.unwrap();
    within(ask(&mut first)).await.unwrap();
    let mut second = TcpStream::connect(running.addr).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(100), ask(&mut second)).await.is_err());
    drop(first);
    let mut answer = [0; 5];
    within(second.read_exact(&mut answer)).await.unwrap();
    running.shutdown.start();
    within(running.task).await.unwrap();
    assert_eq!(within(second.read(&mut answer)).await.unwrap_or(0), 0);
}

struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: tempfile::TempDir,
}

impl Ca {
    fn new() -> Ca {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Ca { issuer, dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a certificate for localhost and its key.
    fn issue(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        let (cert_path, key_path) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        std::fs::write(&cert_path, cert.pem()).unwrap();
        std::fs::write(&key_path, key.serialize_pem()).unwrap();
        (cert_path, key_path)
    }

    fn client(&self, own: Option<(&Path, &Path)>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("ca.pem")).unwrap()).unwrap();
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match own {
            Some((cert, key)) => {
                let cert = CertificateDer::from_pem_file(cert).unwrap();
                let key = PrivateKeyDer::from_pem_file(key).unwrap();
                builder.with_client_auth_cert(vec![cert], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        TlsConnector::from(Arc::new(config))
    }
}

async fn ask_tls(addr: SocketAddr, connector: TlsConnector) -> std::io::Result<()> {
    let stream = TcpStream::connect(addr).await?;
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await?;
    ask(&mut stream).await
}

#[tokio::test]
async fn tls_asks_for_client_certificates_where_it_is_told_to() {
    let ca = Ca::new();
    let (cert, key) = ca.issue("server");
    let open =
        start(Default::default(), Some(&TlsFiles { cert: cert.clone(), key: key.clone(), client_ca: None }));
    within(ask_tls(open.addr, ca.client(None))).await.unwrap();

    let client_ca = Some(ca.path("ca.pem"));
    let closed = start(Default::default(), Some(&TlsFiles { cert, key, client_ca }));
    assert!(within(ask_tls(closed.addr, ca.client(None))).await.is_err());
    let (cert, key) = ca.issue("client");
    within(ask_tls(closed.addr, ca.client(Some((&cert, &key))))).await.unwrap();
    assert_eq!((open.counters.snapshot().faults, closed.counters.snapshot().faults), (0, 1));
}

#[tokio::test]
async fn a_peer_that_does_not_shake_hands_is_left() {
    let ca = Ca::new();
    let (cert, key) = ca.issue("server");
    let limits = ConnectionLimits { handshake: Duration::from_millis(100), ..Default::default() };
    let running = start(limits, Some(&TlsFiles { cert, key, client_ca: None }));
    let mut silent = TcpStream::connect(running.addr).await.unwrap();
    assert_eq!(within(silent.read(&mut [0; 1])).await.unwrap_or(0), 0);
    assert_eq!(running.counters.snapshot().faults, 1);
}

#[test]
fn files_that_are_wrong_are_named() {
    let ca = Ca::new();
    let (cert, key) = ca.issue("server");
    let said = |cert: &Path, key: &Path| {
        let files = TlsFiles { cert: cert.into(), key: key.into(), client_ca: None };
        files.acceptor().err().unwrap().to_string()
    };
    assert!(said(&ca.path("none.pem"), &key).contains("none.pem"));
    assert!(said(&cert, &cert).contains("server.pem"));
    assert!(said(&key, &key).contains("server.key"));
    let (_, other) = ca.issue("other");
    assert!(said(&cert, &other).contains("other.key"));
}
