//! The certificate of a listener in the configuration.

use std::path::PathBuf;

use gastrolog_net::TlsFiles;
use serde::Deserialize;

/// `tls = { cert = "…", key = "…", client_ca = "…" }`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsKeys {
    /// Certificate and those between it and the root, in PEM.
    cert: PathBuf,
    /// Its key, in PEM.
    key: PathBuf,
    /// Clients must show a certificate signed by one of these.
    client_ca: Option<PathBuf>,
}

impl TlsKeys {
    pub(crate) fn files(&self) -> TlsFiles {
        let TlsKeys { cert, key, client_ca } = self.clone();
        TlsFiles { cert, key, client_ca }
    }
}
