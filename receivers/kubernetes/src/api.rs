//! Asks the API server for a pod.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use gastrolog_follow::Pairs;
use gastrolog_ingest::ReceiverError;
use gastrolog_net::client::{connect, connector, get};
use tokio_rustls::TlsConnector;

use crate::place::Place;
use crate::pod::Pod;

/// Where a pod finds its account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// A larger answer is not read.
const ANSWER_BYTES_MAX: usize = 2 << 20;
/// How long an answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// Where the API server is, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiConfig {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// File with the token of the account; read again when it has changed, since it is renewed.
    pub token: PathBuf,
    /// Roots that the server's certificate is signed by, in PEM; likewise.
    pub ca: PathBuf,
    /// What is known of a pod is asked for again after this time.
    pub refresh: Duration,
}

impl ApiConfig {
    /// That of the cluster in which the process runs, by its environment (`variable` reads it); `None` outside of one.
    pub fn in_cluster(variable: impl Fn(&str) -> Option<String>) -> Option<ApiConfig> {
        let host = variable("KUBERNETES_SERVICE_HOST").filter(|host| !host.is_empty())?;
        let port = variable("KUBERNETES_SERVICE_PORT")?.parse().ok()?;
        let account = Path::new(ACCOUNT);
        Some(ApiConfig {
            token: account.join("token"),
            ca: account.join("ca.crt"),
            ..ApiConfig::at(host, port)
        })
    }

    /// A server, without an account.
    pub fn at(host: String, port: u16) -> ApiConfig {
        let refresh = Duration::from_secs(300);
        ApiConfig { host, port, token: PathBuf::new(), ca: PathBuf::new(), refresh }
    }

    /// The server of `https://HOST[:PORT]`.
    pub fn of_url(url: &str) -> Result<ApiConfig, ReceiverError> {
        let wrong = || ReceiverError::Config(format!("{url:?} is not of the form https://HOST:PORT"));
        let rest = url.strip_prefix("https://").ok_or_else(wrong)?.trim_end_matches('/');
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
            _ => (rest, 443),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || host.contains('/') {
            return Err(wrong());
        }
        Ok(ApiConfig::at(host.to_owned(), port))
    }
}

/// Asks, with what was read of the files.
pub(crate) struct Api {
    config: ApiConfig,
    account: Option<Account>,
}

/// What the files said when they were of this age.
#[derive(Clone)]
struct Account {
    written: [SystemTime; 2],
    bearer: String,
    tls: TlsConnector,
}

impl Api {
    pub(crate) fn new(config: ApiConfig) -> Api {
        Api { config, account: None }
    }

    fn account(&mut self) -> io::Result<Account> {
        let ApiConfig { token, ca, .. } = &self.config;
        let failed = |e: io::Error| io::Error::new(e.kind(), format!("the token {}: {e}", token.display()));
        let written = [
            std::fs::metadata(token).and_then(|file| file.modified()).map_err(failed)?,
            std::fs::metadata(ca).and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH),
        ];
        if let Some(known) = self.account.as_ref().filter(|known| known.written == written) {
            return Ok(known.clone());
        }
        let bearer = format!("Bearer {}", std::fs::read_to_string(token).map_err(failed)?.trim());
        let account = Account { written, bearer, tls: connector(ca).map_err(io::Error::other)? };
        self.account = Some(account.clone());
        Ok(account)
    }

    /// What is known of the pod at `place`, as attributes; none of a pod that is not there (any more).
    pub(crate) async fn pod(&mut self, place: &Place) -> io::Result<Pairs> {
        let Account { bearer, tls, .. } = self.account()?;
        let host = &self.config.host;
        let stream = connect(host, self.config.port, &tls).await?;
        let headers = [("authorization", bearer), ("accept", "application/json".into())];
        let path = format!("/api/v1/namespaces/{}/pods/{}", place.namespace, place.pod);
        let answer = get(stream, host, &path, &headers).await?;
        match answer.status {
            200 => {}
            404 => return Ok(Pairs::new()),
            status => {
                // Of two tokens in one tick of the clock the second may have been taken for the first.
                self.account = None;
                return Err(io::Error::other(format!("the API server answered {status}")));
            }
        }
        let pod: Pod = serde_json::from_slice(&answer.whole(ANSWER_BYTES_MAX, ANSWER_WAIT).await?)?;
        Ok(if pod.is_at(place) { pod.attributes() } else { Pairs::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_servers() {
        for (url, host, port) in [
            ("https://10.0.0.1:6443", "10.0.0.1", 6443),
            ("https://kube.example/", "kube.example", 443),
            ("https://[fd00::1]:6443", "fd00::1", 6443),
            ("https://[fd00::1]", "fd00::1", 443),
        ] {
            assert_eq!(ApiConfig::of_url(url).unwrap(), ApiConfig::at(host.into(), port), "{url}");
        }
        for url in ["http://kube.example", "kube.example", "https://", "https://a/b", "https://a:port"] {
            assert!(ApiConfig::of_url(url).unwrap_err().to_string().contains("https://HOST:PORT"), "{url}");
        }
    }

    #[test]
    fn the_cluster_by_its_environment() {
        let inside = |name: &str| match name {
            "KUBERNETES_SERVICE_HOST" => Some("10.96.0.1".to_owned()),
            "KUBERNETES_SERVICE_PORT" => Some("443".to_owned()),
            _ => None,
        };
        let config = ApiConfig::in_cluster(inside).unwrap();
        assert_eq!((config.host.as_str(), config.port), ("10.96.0.1", 443));
        assert!(config.token.ends_with("serviceaccount/token") && config.ca.ends_with("ca.crt"));
        assert_eq!(ApiConfig::in_cluster(|_| None), None);
    }
}
