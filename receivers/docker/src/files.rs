//! The files of the json-file driver: `ID/ID-json.log`, with `config.v2.json` beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gastrolog_follow::{Decoder, FollowConfig, Follower, Format, Pairs, Piece, Rfc3339};
use gastrolog_ingest::{Clock, ReceiverError, Sink};

use crate::line;
use crate::metadata::Container;

/// How soon after it could not be read the description of a container is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// The format of these files.
#[derive(Clone, Copy, Debug, Default)]
pub struct DockerFiles;

/// The logs under `folder` (`/var/lib/docker/containers`), those that were rotated with them. What Docker has
/// compressed was read before.
pub fn file_globs(folder: &Path) -> Vec<String> {
    let folder = glob_escaped(&folder.to_string_lossy());
    let folder = folder.trim_end_matches('/');
    ["", ".[0-9]", ".[0-9][0-9]"].map(|rotated| format!("{folder}/*/*-json.log{rotated}")).to_vec()
}

fn glob_escaped(text: &str) -> String {
    let escape = |c: char| if "*?[".contains(c) { format!("[{c}]") } else { c.to_string() };
    text.chars().map(escape).collect()
}

impl DockerFiles {
    /// A receiver of these files.
    pub fn follow(
        config: FollowConfig,
        sink: Arc<dyn Sink>,
        clock: Clock,
    ) -> Result<Follower, ReceiverError> {
        Follower::new("docker", config, Some(Box::new(DockerFiles)), sink, clock)
    }
}

impl Format for DockerFiles {
    fn decoder(&self, path: &Path) -> Box<dyn Decoder> {
        let id = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let id = id.split("-json.log").next().unwrap_or_default().to_owned();
        let config = path.with_file_name("config.v2.json");
        Box::new(Lines { id, config, state: Known::No(None), times: Rfc3339::default() })
    }
}

struct Lines {
    id: String,
    config: PathBuf,
    state: Known,
    times: Rfc3339,
}

/// Whether the container is known.
enum Known {
    /// Not since then.
    No(Option<Instant>),
    Yes,
}

impl Decoder for Lines {
    fn news(&mut self) -> Option<Pairs> {
        let tried = match self.state {
            Known::Yes => return None,
            Known::No(tried) => tried,
        };
        if tried.is_some_and(|when| when.elapsed() < TRY_AGAIN) {
            return None;
        }
        let mut pairs = vec![("container_id".to_owned(), self.id.clone().into_bytes())];
        match Container::read(&self.config) {
            Some(container) => {
                self.state = Known::Yes;
                pairs.extend(container.attributes());
            }
            None => self.state = Known::No(Some(Instant::now())),
        }
        Some(pairs)
    }

    fn decode<'a>(&mut self, line: &'a [u8]) -> Result<Piece<'a>, String> {
        line::decode(line, &mut self.times)
    }
}
