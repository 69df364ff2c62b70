//! Logs of Docker's containers: from the files of its json-file driver, or from the engine.

mod engine;
mod files;
mod line;
mod metadata;

pub use engine::{EngineConfig, EngineReceiver};
pub use files::{DockerFiles, file_globs};
