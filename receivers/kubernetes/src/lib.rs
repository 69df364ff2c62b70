//! Logs of the containers of a Kubernetes node: the files that the container runtime writes (CRI), and what their paths
//! tell of them.

mod files;
mod line;
mod place;

pub use files::{FILES, KubernetesFiles};
