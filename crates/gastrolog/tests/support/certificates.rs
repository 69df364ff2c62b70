//! Certificates for both sides of TLS.

use std::path::{Path, PathBuf};

use crate::support::Place;

/// A root, and certificates of `localhost` and `client` that it has signed: `NAME.pem`, and `NAME.key` where there is one.
pub fn certificates(place: &Place) -> PathBuf {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "test root");
    let ca = rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
    let path = place.beside("ca.pem", ca.pem().as_bytes());
    for name in ["localhost", "client"] {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params =
            rcgen::CertificateParams::new(vec![name.to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        place.beside(&format!("{name}.pem"), params.signed_by(&key, &ca).unwrap().pem().as_bytes());
        place.beside(&format!("{name}.key"), key.serialize_pem().as_bytes());
    }
    path.parent().unwrap().to_owned()
}

/// The key `tls` of a receiver that demands a certificate of its clients.
pub fn demanded(folder: &Path) -> String {
    let file = |name: &str| format!("{:?}", folder.join(name).display().to_string());
    let (cert, key, ca) = (file("localhost.pem"), file("localhost.key"), file("ca.pem"));
    format!("tls = {{ cert = {cert}, key = {key}, client_ca = {ca} }}")
}
