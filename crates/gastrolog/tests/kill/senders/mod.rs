//! How records are sent, one protocol a file. To add one: a file that implements [`Protocol`], and a line in [`all`].

mod beats;
mod containers;
mod fluent;
mod grpc;
mod http;
mod kafka;
mod relp;
mod tail;
mod web;
mod wrap;

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// What a protocol promises to its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// What `send` returned from is stored.
    Acknowledged,
    /// What was written is stored once the server has run for long enough, however often it was killed before. It may
    /// be there once more for each kill.
    Eventually,
}

/// Sends lines by one protocol.
pub(crate) trait Protocol: Send {
    /// Its name in reports.
    fn name(&self) -> &'static str;

    /// What holds for what was sent.
    fn promise(&self) -> Promise {
        Promise::Acknowledged
    }

    /// What the configuration of the server has to say for it.
    fn config(&self) -> String {
        String::new()
    }

    /// Connects to a server that has just started.
    fn open(&mut self, server: &Listening) -> io::Result<()>;

    /// Sends lines and waits for their acknowledgement, where there is one.
    fn send(&mut self, lines: &[Vec<u8>]) -> io::Result<()>;

    /// The line that a stored record was, for protocols that wrap it.
    fn line<'a>(&self, record: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(record)
    }
}

/// Where a server listens.
pub(crate) struct Listening {
    /// The API and HTTP ingest.
    pub(crate) http: SocketAddr,
    /// What it said about its receivers.
    pub(crate) said: Vec<String>,
}

impl Listening {
    /// The address of the receiver of which the server says `what`, such as `relp tcp://`.
    pub(crate) fn at(&self, what: &str) -> SocketAddr {
        let found = self.said.iter().find_map(|line| line.trim_start().strip_prefix(what));
        found.unwrap_or_else(|| panic!("no {what}: {:?}", self.said)).parse().unwrap()
    }
}

/// A sender of each protocol; several of the first, which the store sees most of. `folder` is for files.
pub(crate) fn all(folder: &Path) -> Vec<Box<dyn Protocol>> {
    let mut all: Vec<Box<dyn Protocol>> = vec![Box::new(tail::Tail::new(folder))];
    all.extend((0..2).map(|n| Box::new(relp::Relp::new(n)) as Box<dyn Protocol>));
    all.extend((0..4).map(|_| Box::new(http::Http::default()) as Box<dyn Protocol>));
    all.extend(web::Kind::ALL.map(|kind| Box::new(web::Web::new(kind)) as Box<dyn Protocol>));
    all.push(Box::new(beats::Beats::default()));
    all.push(Box::new(fluent::Fluent::default()));
    all.push(Box::new(grpc::Grpc::new()));
    let drivers = [containers::Driver::Docker, containers::Driver::Kubernetes];
    all.extend(
        drivers.map(|driver| Box::new(containers::Containers::new(driver, folder)) as Box<dyn Protocol>),
    );
    // Last, as it is not everywhere: the others are the same with it and without.
    all.extend(kafka::Kafka::start().map(|kafka| Box::new(kafka) as Box<dyn Protocol>));
    all
}
