//! One upload: stored while it comes, acknowledged at its end.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use gastrolog_ingest::{Counters, Shutdown, Sink};
use gastrolog_net::{Patience, store_or_hand_back};
use http_body_util::BodyExt;

use crate::config::JournaldConfig;
use crate::entry::Entries;
use crate::export::Export;

/// A thread is held for so long while the store is away; then it is looked whether the uploader is still there.
const HOLD: Duration = Duration::from_secs(5);

/// Why an upload has no acknowledgement.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error("nothing came for too long")]
    Silent,
    #[error("the upload broke off: {0}")]
    Broken(String),
}

/// Stores the entries of `body` in order. It waits for a store that is away for as long as the uploader does.
pub(crate) async fn receive(
    mut body: Body,
    mut entries: Entries,
    config: &JournaldConfig,
    sink: &Arc<dyn Sink>,
    counters: &Arc<Counters>,
) -> Result<(), UploadError> {
    let mut export = Export::new(config.export);
    loop {
        let frame = tokio::time::timeout(config.idle, body.frame()).await.map_err(|_| UploadError::Silent)?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|e| UploadError::Broken(e.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        // A frame is small, and so is what it adds to the batch.
        export.push(data, |entry| entries.add(&entry));
        if entries.bytes() >= config.batch_bytes {
            flush(&mut entries, sink, counters).await;
        }
    }
    export.finish(|entry| entries.add(&entry));
    flush(&mut entries, sink, counters).await;
    Ok(())
}

/// Returns when the entries are durable. An uploader that gives up ends this by going away.
async fn flush(entries: &mut Entries, sink: &Arc<dyn Sink>, counters: &Arc<Counters>) {
    let (batch, malformed) = entries.take();
    counters.malformed_records(&batch, malformed);
    counters.too_long_records(&batch);
    let patience = Patience { hold: HOLD, shutdown: Shutdown::new() };
    while !batch.is_empty() {
        let Err(reason) = store_or_hand_back(sink.clone(), batch.clone(), counters, &patience).await else {
            break;
        };
        tracing::warn!(%reason, "the store is not available; an upload waits");
    }
}
