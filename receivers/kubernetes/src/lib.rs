//! Logs of the containers of a Kubernetes node: the files that the container runtime writes (CRI), what their paths tell of
//! them, and what the API server knows of their pods.
//!
//! **Invariant:** no line waits for the API server: what it has not told yet is missing in the attributes of the records.

mod api;
mod files;
mod line;
mod place;
mod pod;
mod pods;

pub use api::ApiConfig;
pub use files::{FILES, KubernetesFiles};
