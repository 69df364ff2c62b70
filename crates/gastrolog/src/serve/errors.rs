//! The server's own log: samples of what its receivers could not read or store.

use std::sync::Arc;

use gastrolog_engine::Service;
use gastrolog_ingest::samples::SampleLog;
use gastrolog_ingest::{Accepted, Sink, SinkError};
use gastrolog_types::Batch;

use super::binding::sink_error;
use super::config::Config;
use super::processing::Processing;
use crate::clock;

/// The log as a sink. No receiver has it, so that it is never about itself.
struct OwnSink(Arc<dyn Service>);

impl Sink for OwnSink {
    fn append(&self, batch: Batch) -> Result<Accepted, SinkError> {
        self.0.append_own(batch).map_err(sink_error)
    }
}

/// Begins it, unless the configuration does not want it.
pub(super) fn start(
    config: &Config,
    service: &Arc<dyn Service>,
    processing: &Processing,
) -> anyhow::Result<Option<Arc<SampleLog>>> {
    if config.errors.enabled == Some(false) {
        return Ok(None);
    }
    let sink = Arc::new(OwnSink(service.clone()));
    let log = SampleLog::start(sink, Arc::new(clock::now), processing.scrubbers(config))?;
    Ok(Some(Arc::new(log)))
}
