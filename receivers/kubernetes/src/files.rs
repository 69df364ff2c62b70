//! The files of a node's containers.

use std::path::Path;
use std::sync::Arc;

use gastrolog_follow::{Decoder, FollowConfig, Follower, Format, Pairs, Piece, Rfc3339};
use gastrolog_ingest::{Clock, ReceiverError, Sink};

use crate::line;
use crate::place::Place;

/// Where the kubelet keeps logs, and what it makes of them by rotation; it compresses what is older.
pub const FILES: [&str; 2] = ["/var/log/pods/*/*/*.log", "/var/log/pods/*/*/*.log.[0-9]*[0-9]"];

/// The format of these files.
#[derive(Clone, Debug, Default)]
pub struct KubernetesFiles;

impl KubernetesFiles {
    /// A receiver of these files.
    pub fn follow(
        self,
        config: FollowConfig,
        sink: Arc<dyn Sink>,
        clock: Clock,
    ) -> Result<Follower, ReceiverError> {
        Follower::new("kubernetes", config, Some(Box::new(self)), sink, clock)
    }
}

impl Format for KubernetesFiles {
    fn decoder(&self, path: &Path) -> Box<dyn Decoder> {
        Box::new(Lines { place: Place::of(path), times: Rfc3339::default(), told: false })
    }
}

struct Lines {
    place: Option<Place>,
    times: Rfc3339,
    told: bool,
}

impl Decoder for Lines {
    fn news(&mut self) -> Option<Pairs> {
        let place = self.place.as_ref().filter(|_| !self.told)?;
        self.told = true;
        Some(place.attributes())
    }

    fn decode<'a>(&mut self, line: &'a [u8]) -> Result<Piece<'a>, String> {
        line::decode(line, &mut self.times)
    }
}
