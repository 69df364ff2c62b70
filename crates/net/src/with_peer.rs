//! Tells the routes of an HTTP server who asks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

type Inner = TowerToHyperService<Router>;

/// The routes for one connection: requests carry `ConnectInfo<SocketAddr>` where the peer has an address, and it is
/// known whether there was one.
#[derive(Clone, Debug)]
pub struct WithPeer {
    inner: Inner,
    peer: Option<SocketAddr>,
    asked: Arc<AtomicBool>,
}

impl WithPeer {
    /// `routes` for the connection of `peer`; a socket of the file system has none.
    pub fn new(routes: Router, peer: Option<SocketAddr>) -> WithPeer {
        WithPeer { inner: TowerToHyperService::new(routes), peer, asked: Arc::default() }
    }

    /// Becomes true with the first request.
    pub fn asked(&self) -> Arc<AtomicBool> {
        self.asked.clone()
    }
}

impl Service<Request<Incoming>> for WithPeer {
    type Response = <Inner as Service<Request<Incoming>>>::Response;
    type Error = <Inner as Service<Request<Incoming>>>::Error;
    type Future = <Inner as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.asked.store(true, Ordering::Relaxed);
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        self.inner.call(request)
    }
}
