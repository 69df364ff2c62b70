//! TLS to a receiver: whose certificate is believed, and which is shown.

use std::io::{self, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, Error, ProtocolVersion,
    RootCertStore, SignatureScheme, StreamOwned,
};

use crate::cli::TlsArgs;

/// How long is waited for what the peer says of our certificate.
const VERDICT: Duration = Duration::from_secs(1);

/// A connection by TLS.
type Secured = StreamOwned<ClientConnection, TcpStream>;

/// Whose certificate is believed, and which is shown.
pub(crate) struct Trust {
    config: Arc<ClientConfig>,
    /// Roots that it is checked against; without them only this machine is believed.
    ca: Option<PathBuf>,
    name: Option<ServerName<'static>>,
    shows: bool,
}

impl Trust {
    /// Reads what the arguments name.
    pub(crate) fn new(args: &TlsArgs) -> anyhow::Result<Trust> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone());
        let builder = builder.with_safe_default_protocol_versions()?;
        let builder = match &args.ca {
            Some(ca) => builder.with_root_certificates(roots(ca)?),
            None => builder.dangerous().with_custom_certificate_verifier(Arc::new(ThisMachine(provider))),
        };
        let config = match (&args.cert, &args.key) {
            (Some(cert), Some(key)) => {
                let of_key = || key.display().to_string();
                let key = PrivateKeyDer::from_pem_file(key).with_context(of_key)?;
                builder.with_client_auth_cert(certificates(cert)?, key).with_context(of_key)?
            }
            _ => builder.with_no_client_auth(),
        };
        let name = args.server_name.clone().map(ServerName::try_from).transpose();
        let name = name.context("--server-name is no name of a host")?;
        Ok(Trust { config: Arc::new(config), ca: args.ca.clone(), name, shows: args.cert.is_some() })
    }

    /// Speaks TLS on `stream`. The handshake is over when it returns.
    pub(super) fn connect(&self, mut stream: TcpStream) -> io::Result<Secured> {
        let (here, there) = (stream.local_addr()?.ip(), stream.peer_addr()?.ip());
        // Who reaches itself has the same address on both ends.
        if self.ca.is_none() && here != there {
            return Err(io::Error::other(format!(
                "{there} is not this machine: its certificate must be checked, with --ca FILE"
            )));
        }
        let name = self.name.clone().unwrap_or_else(|| there.into());
        let mut connection = ClientConnection::new(self.config.clone(), name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        heard(&mut connection, &mut stream)?;
        Ok(StreamOwned::new(connection, stream))
    }

    /// Sends bytes that have no answer.
    pub(super) fn send(&self, stream: TcpStream, bytes: &[u8]) -> io::Result<()> {
        let mut stream = self.connect(stream)?;
        stream.write_all(bytes)?;
        stream.conn.send_close_notify();
        stream.flush()
    }

    /// What was checked, for people.
    pub(super) fn said(&self) -> String {
        match &self.ca {
            Some(ca) => format!("its certificate holds against {}", ca.display()),
            None => "its certificate was not checked, --ca FILE does".into(),
        }
    }

    /// What to do about a fault of TLS; `None` when it is none.
    pub(super) fn remedy(&self, fault: &io::Error) -> Option<String> {
        let why = reason(fault)?;
        Some(match why {
            Error::InvalidCertificate(why) => {
                let ca = self.ca.as_deref().unwrap_or(Path::new("")).display();
                format!(
                    "its certificate does not hold against {ca} ({why}): clients will refuse it too; --server-name says which name it is for"
                )
            }
            Error::AlertReceived(alert) if is_about_ours(*alert) && self.shows => {
                format!(
                    "it does not take the certificate of --cert ({alert:?}): see `client_ca` of the receiver"
                )
            }
            Error::AlertReceived(alert) if is_about_ours(*alert) => {
                format!("it demands a certificate of its clients ({alert:?}): give one with --cert and --key")
            }
            other => format!("{other}; does it speak TLS?"),
        })
    }
}

/// Whether the peer took our part of the handshake: in TLS 1.3 it says so, or not, only when that is over for us.
fn heard(connection: &mut ClientConnection, stream: &mut TcpStream) -> io::Result<()> {
    if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return Ok(());
    }
    let patience = stream.read_timeout()?;
    stream.set_read_timeout(Some(VERDICT))?;
    match connection.read_tls(stream) {
        Ok(_) => {
            let heard = connection.process_new_packets();
            heard.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        }
        // It says nothing as long as all is well.
        Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
        Err(e) => return Err(e),
    }
    stream.set_read_timeout(patience)
}

fn is_about_ours(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    let about = [A::CertificateRequired, A::HandshakeFailure, A::AccessDenied, A::DecryptError];
    let certificates = [A::BadCertificate, A::UnknownCA, A::CertificateUnknown, A::CertificateExpired];
    about.contains(&alert) || certificates.contains(&alert)
}

/// Why TLS has failed, if that is what has.
fn reason(fault: &io::Error) -> Option<&Error> {
    fault.get_ref()?.downcast_ref()
}

fn roots(path: &Path) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).with_context(|| path.display().to_string())?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let of_path = || path.display().to_string();
    let all: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).with_context(of_path)?.collect();
    let all = all.with_context(of_path)?;
    anyhow::ensure!(!all.is_empty(), "{}: there is no certificate in it", path.display());
    Ok(all)
}

/// Believes whatever certificate is shown, as long as its key is there: for connections from a machine to itself, on which
/// nobody stands in between. That the record is then found shows who has taken it.
#[derive(Debug)]
struct ThisMachine(Arc<CryptoProvider>);

impl ServerCertVerifier for ThisMachine {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
