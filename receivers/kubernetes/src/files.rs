//! The files of a node's containers.

use std::path::Path;
use std::sync::Arc;

use gastrolog_follow::{Decoder, FollowConfig, Follower, Format, Pairs, Piece, Rfc3339};
use gastrolog_ingest::{Clock, Receiver, ReceiverError, Sink};

use crate::api::ApiConfig;
use crate::line;
use crate::place::Place;
use crate::pods::Pods;

/// Where the kubelet keeps logs, and what it makes of them by rotation; it compresses what is older.
pub const FILES: [&str; 2] = ["/var/log/pods/*/*/*.log", "/var/log/pods/*/*/*.log.[0-9]*[0-9]"];

/// The format of these files.
#[derive(Clone, Default)]
pub struct KubernetesFiles {
    pods: Option<Arc<Pods>>,
}

impl KubernetesFiles {
    /// With what an API server knows of the pods.
    pub fn with_api(config: ApiConfig) -> Result<KubernetesFiles, ReceiverError> {
        Ok(KubernetesFiles { pods: Some(Arc::new(Pods::new(config)?)) })
    }

    /// A receiver of these files.
    pub fn follow(
        self,
        config: FollowConfig,
        sink: Arc<dyn Sink>,
        clock: Clock,
    ) -> Result<Follower, ReceiverError> {
        let pods = self.pods.clone();
        let follower = Follower::new("kubernetes", config, Some(Box::new(self)), sink, clock)?;
        if let Some(pods) = pods {
            pods.count_by(follower.counters());
        }
        Ok(follower)
    }
}

impl Format for KubernetesFiles {
    fn decoder(&self, path: &Path) -> Box<dyn Decoder> {
        let (place, pods) = (Place::of(path), self.pods.clone());
        Box::new(Lines { place, pods, times: Rfc3339::default(), told: false, known: None })
    }
}

struct Lines {
    place: Option<Place>,
    pods: Option<Arc<Pods>>,
    times: Rfc3339,
    /// What the path says was told.
    told: bool,
    /// What was known of the pod when it was asked last.
    known: Option<Arc<Pairs>>,
}

impl Decoder for Lines {
    fn news(&mut self) -> Option<Pairs> {
        let place = self.place.as_ref()?;
        let known = self.pods.as_ref().and_then(|pods| pods.get(place));
        if self.told && known == self.known {
            return None;
        }
        self.told = true;
        let pod = known.iter().flat_map(|pairs| pairs.iter().cloned());
        let pairs = place.attributes().into_iter().chain(pod).collect();
        self.known = known;
        Some(pairs)
    }

    fn decode<'a>(&mut self, line: &'a [u8]) -> Result<Piece<'a>, String> {
        line::decode(line, &mut self.times)
    }
}
