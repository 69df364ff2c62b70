//! TLS for listeners: certificate and key from PEM files, and client certificates where they are asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gastrolog_ingest::ReceiverError;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

/// Where the certificate of a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate of this server in PEM, those between it and the root after it.
    pub cert: PathBuf,
    /// Its private key in PEM (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
    /// Roots in PEM: a client must show a certificate that one of them has signed. Left out: clients need none.
    pub client_ca: Option<PathBuf>,
}

impl TlsFiles {
    /// Reads the files. TLS 1.2 and 1.3, by aws-lc-rs.
    pub fn acceptor(&self) -> Result<TlsAcceptor, ReceiverError> {
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| ReceiverError::Config(format!("TLS: {e}")))?;
        let builder = match &self.client_ca {
            Some(path) => builder.with_client_cert_verifier(verifier(path, provider)?),
            None => builder.with_no_client_auth(),
        };
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(bad(&self.key))?;
        let config = builder
            .with_single_cert(certificates(&self.cert)?, key)
            .map_err(|e| wrong(&self.cert, format!("with the key {}: {e}", self.key.display())))?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn verifier(
    path: &Path,
    provider: Arc<crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, ReceiverError> {
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider);
    builder.build().map_err(|e| wrong(path, e.to_string()))
}

/// The roots in a file in PEM.
pub(crate) fn roots(path: &Path) -> Result<RootCertStore, ReceiverError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|e| wrong(path, e.to_string()))?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ReceiverError> {
    let all = CertificateDer::pem_file_iter(path).map_err(bad(path))?;
    let all: Vec<_> = all.collect::<Result<_, _>>().map_err(bad(path))?;
    if all.is_empty() {
        return Err(wrong(path, "there is no certificate in it".into()));
    }
    Ok(all)
}

fn wrong(path: &Path, what: String) -> ReceiverError {
    ReceiverError::Config(format!("TLS: {}: {what}", path.display()))
}

fn bad(path: &Path) -> impl Fn(pem::Error) -> ReceiverError {
    move |e| match e {
        pem::Error::Io(source) => ReceiverError::Io { what: format!("TLS: {}", path.display()), source },
        pem::Error::NoItemsFound => wrong(path, "nothing of that kind is in it (PEM)".into()),
        other => wrong(path, other.to_string()),
    }
}
