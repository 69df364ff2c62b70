//! `GET /metrics`: what is measured, each with a line of explanation. `docs/metrics.md` has more of it.

use std::collections::BTreeMap;

use gastrolog_engine::{EngineMeasures, QueryMeasures, StoreMeasures};
use gastrolog_env::{ProcessUsage, UdpSocketState};
use gastrolog_ingest::samples::SampleCounts;
use gastrolog_ingest::{ReceiverMeasures, RouteStatus};

use super::text::Kind::{Counter, Gauge, Histogram};
use super::text::Page;

/// Everything that the page tells of.
pub(super) struct Measured {
    pub(super) started_seconds: f64,
    pub(super) process: Option<ProcessUsage>,
    pub(super) udp: Vec<UdpSocketState>,
    pub(super) receivers: Vec<ReceiverMeasures>,
    pub(super) routes: Vec<RouteStatus>,
    pub(super) engine: Option<EngineMeasures>,
}

/// The page.
pub(super) fn page(measured: &Measured) -> String {
    let mut page = Page::default();
    process(&mut page, measured);
    receivers(&mut page, &measured.receivers);
    udp(&mut page, measured);
    routes(&mut page, &measured.routes);
    let engine = measured.engine.as_ref();
    let stores = engine.map_or(&[][..], |e| &e.stores);
    stored(&mut page, stores);
    held(&mut page, stores);
    upkeep(&mut page, stores);
    queries(&mut page, engine.map(|e| &e.queries));
    page.finish()
}

fn process(page: &mut Page, measured: &Measured) {
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    page.metric("gastrolog_build_info", Gauge, "Which build this is; always 1.").value(&version, 1);
    let start = "When the process started, in seconds since 1970.";
    page.metric("process_start_time_seconds", Gauge, start).value(&[], measured.started_seconds);
    let usage = measured.process.unwrap_or_default();
    page.metric("process_cpu_seconds_total", Counter, "Processor time used.").value(&[], usage.cpu_seconds);
    page.metric("process_resident_memory_bytes", Gauge, "Memory in use.").value(&[], usage.resident_bytes);
    page.metric("process_threads", Gauge, "Threads.").value(&[], usage.threads);
    page.metric("gastrolog_threads_refused_total", Counter, "Threads that the system refused.")
        .value(&[], gastrolog_env::refused_threads());
    page.metric("process_open_fds", Gauge, "Open descriptors.").value(&[], usage.open_files);
    page.metric("process_max_fds", Gauge, "The most descriptors there may be.")
        .value(&[], usage.open_files_max);
}

type OfReceiver = fn(&ReceiverMeasures) -> u64;

/// Numbers that each receiver has one of.
const RECEIVER_VALUES: [(&str, super::text::Kind, &str, OfReceiver); 7] = [
    ("gastrolog_receiver_records_received_total", Counter, "Records that arrived.", |r| r.counts.received),
    ("gastrolog_receiver_bytes_received_total", Counter, "Bytes of their text.", |r| r.bytes),
    ("gastrolog_receiver_records_stored_total", Counter, "Records that are durable.", |r| r.counts.stored),
    ("gastrolog_receiver_records_in_flight", Gauge, "Records whose fate is not known yet.", |r| {
        r.counts.in_flight()
    }),
    ("gastrolog_receiver_lag_seconds", Gauge, "How long the oldest of them has waited.", |r| r.lag.as_secs()),
    ("gastrolog_receiver_parse_errors_total", Counter, "Input that did not follow the protocol.", |r| {
        r.counts.parse_errors
    }),
    ("gastrolog_receiver_faults_total", Counter, "Faults of the surroundings.", |r| r.counts.faults),
];

fn receivers(page: &mut Page, all: &[ReceiverMeasures]) {
    for (name, kind, help, value) in RECEIVER_VALUES {
        let mut samples = page.metric(name, kind, help);
        all.iter().for_each(|r| samples.value(&[("receiver", &r.name), ("kind", &r.kind)], value(r)));
    }
    let help = "Bytes of the files that it follows that were not read yet.";
    let mut samples = page.metric("gastrolog_receiver_unread_bytes", Gauge, help);
    for (r, bytes) in all.iter().filter_map(|r| Some((r, r.unread_bytes?))) {
        samples.value(&[("receiver", &r.name), ("kind", &r.kind)], bytes);
    }
    let help = "Records that arrived and are not stored, by reason.";
    let mut samples = page.metric("gastrolog_receiver_records_dropped_total", Counter, help);
    for r in all {
        for (reason, count) in r.counts.dropped {
            let labels = [("receiver", r.name.as_str()), ("kind", &r.kind), ("reason", reason.name())];
            samples.value(&labels, count);
        }
    }
    let help = "Samples of input that could not be read or stored: written, left out, lost.";
    let mut samples = page.metric("gastrolog_receiver_error_samples_total", Counter, help);
    for r in all {
        let SampleCounts { written, left_out, lost } = r.samples;
        for (fate, count) in [("written", written), ("left_out", left_out), ("lost", lost)] {
            samples.value(&[("receiver", &r.name), ("kind", &r.kind), ("fate", fate)], count);
        }
    }
    let help = "From handing a batch to the store until it is durable.";
    let mut samples = page.metric("gastrolog_receiver_acknowledge_seconds", Histogram, help);
    all.iter().for_each(|r| samples.histogram(&[("receiver", &r.name), ("kind", &r.kind)], &r.acknowledge));
}

/// What the system says of the sockets of a receiver: bytes that wait, and datagrams lost.
fn sockets(r: &ReceiverMeasures, udp: &[UdpSocketState]) -> Option<(u64, u64)> {
    let at = r.addresses.iter().filter_map(|a| a.split_once("udp://")?.1.parse().ok());
    let mine: Vec<&UdpSocketState> =
        at.flat_map(|a: std::net::SocketAddr| udp.iter().filter(move |s| s.address == a)).collect();
    let sum = |of: fn(&UdpSocketState) -> u64| mine.iter().map(|s| of(s)).sum();
    (!mine.is_empty()).then(|| (sum(|s| s.queued_bytes), sum(|s| s.drops)))
}

fn udp(page: &mut Page, measured: &Measured) {
    let found = |r| sockets(r, &measured.udp);
    let help = "Datagrams that the system dropped because the buffer of the socket was full.";
    let mut samples = page.metric("gastrolog_receiver_udp_drops_total", Counter, help);
    for r in &measured.receivers {
        if let Some((_, drops)) = found(r) {
            samples.value(&[("receiver", &r.name), ("kind", &r.kind)], drops);
        }
    }
    let help = "Bytes that wait in the buffer of the socket.";
    let mut samples = page.metric("gastrolog_receiver_udp_queued_bytes", Gauge, help);
    for r in &measured.receivers {
        if let Some((queued, _)) = found(r) {
            samples.value(&[("receiver", &r.name), ("kind", &r.kind)], queued);
        }
    }
}

fn routes(page: &mut Page, all: &[RouteStatus]) {
    // What is cut of sources has a line for each of them; here they are one.
    let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for r in all {
        let sum = sums.entry(&r.name).or_default();
        *sum = (sum.0 + r.records, sum.1 + r.bytes);
    }
    let help = "Records that a route took, or a rate limit cut.";
    let mut samples = page.metric("gastrolog_route_records_total", Counter, help);
    sums.iter().for_each(|(route, (records, _))| samples.value(&[("route", route)], records));
    let mut samples =
        page.metric("gastrolog_route_bytes_total", Counter, "Bytes of the text that a route took.");
    sums.iter().for_each(|(route, (_, bytes))| samples.value(&[("route", route)], bytes));
}

type Store = (String, StoreMeasures);
type OfStore = fn(&StoreMeasures) -> u64;

fn values(page: &mut Page, stores: &[Store], metrics: &[(&'static str, super::text::Kind, &str, OfStore)]) {
    for (name, kind, help, value) in metrics {
        let mut samples = page.metric(name, *kind, help);
        stores.iter().for_each(|(store, m)| samples.value(&[("store", store)], value(m)));
    }
}

fn stored(page: &mut Page, stores: &[Store]) {
    values(
        page,
        stores,
        &[
            ("gastrolog_store_ready", Gauge, "Whether it takes records: 1, else 0.", |m| {
                u64::from(m.stats.trouble.is_none())
            }),
            ("gastrolog_store_appended_records_total", Counter, "Records appended and durable.", |m| {
                m.appended_records
            }),
            ("gastrolog_store_appended_bytes_total", Counter, "Bytes of their text.", |m| m.appended_bytes),
        ],
    );
    let help = "From handing a batch to the store until it is durable.";
    let mut samples = page.metric("gastrolog_store_append_seconds", Histogram, help);
    stores.iter().for_each(|(store, m)| samples.histogram(&[("store", store)], &m.append));
    let mut samples = page.metric("gastrolog_store_sync_seconds", Histogram, "Syncs of a file.");
    for (store, m) in stores {
        samples.histogram(&[("store", store), ("file", "log")], &m.log_sync);
        samples.histogram(&[("store", store), ("file", "chunk")], &m.chunk_sync);
    }
    let help = "Making a row group: indexing and encoding.";
    let mut samples = page.metric("gastrolog_store_row_group_build_seconds", Histogram, help);
    stores.iter().for_each(|(store, m)| samples.histogram(&[("store", store)], &m.build));
    let mut samples = page.metric("gastrolog_store_seal_seconds", Histogram, "Sealing a chunk.");
    stores.iter().for_each(|(store, m)| samples.histogram(&[("store", store)], &m.seal));
}

fn held(page: &mut Page, stores: &[Store]) {
    values(
        page,
        stores,
        &[
            ("gastrolog_store_records", Gauge, "Records in it.", |m| m.stats.records),
            ("gastrolog_store_raw_bytes", Gauge, "Bytes of the text of records in chunks.", |m| {
                m.stats.raw_bytes
            }),
            ("gastrolog_store_log_bytes", Gauge, "Bytes of the log.", |m| m.stats.wal_bytes),
            ("gastrolog_store_waiting_records", Gauge, "Records that wait for a row group.", |m| {
                m.stats.pending_records
            }),
            ("gastrolog_store_waiting_bytes", Gauge, "Bytes of their text.", |m| m.stats.pending_bytes),
            ("gastrolog_store_active_chunk_bytes", Gauge, "Bytes of the chunk that grows.", |m| {
                m.active_bytes
            }),
            ("gastrolog_store_sealed_bytes", Gauge, "Bytes of sealed chunks.", |m| m.sealed_bytes),
            ("gastrolog_store_sealed_chunks", Gauge, "Sealed chunks.", |m| m.stats.sealed_chunks),
            ("gastrolog_store_disk_reserve_bytes", Gauge, "Bytes of the disk that are kept free.", |m| {
                m.reserve_bytes
            }),
        ],
    );
    let help = "Bytes that may still be written to its disk.";
    let mut samples = page.metric("gastrolog_store_disk_free_bytes", Gauge, help);
    for (store, m) in stores {
        m.disk_free_bytes.iter().for_each(|free| samples.value(&[("store", store)], free));
    }
}

fn upkeep(page: &mut Page, stores: &[Store]) {
    values(
        page,
        stores,
        &[
            ("gastrolog_store_compactions_total", Counter, "Chunks that took the place of others.", |m| {
                m.compactions
            }),
            ("gastrolog_store_removed_chunks_total", Counter, "Chunks removed by retention.", |m| {
                m.stats.removed_chunks
            }),
            ("gastrolog_store_removed_records_total", Counter, "Records in them.", |m| {
                m.stats.removed_records
            }),
            (
                "gastrolog_store_failures_total",
                Counter,
                "Failures to write, seal or keep the catalog.",
                |m| m.stats.failures,
            ),
            ("gastrolog_store_damaged_places", Gauge, "Damage found when it was opened.", |m| m.damage),
            ("gastrolog_store_quarantined_files", Gauge, "Copies of damaged files beside it.", |m| {
                m.damaged_files
            }),
        ],
    );
}

fn queries(page: &mut Page, queries: Option<&QueryMeasures>) {
    let mut samples = page.metric("gastrolog_queries_running", Gauge, "Queries that run.");
    queries.iter().for_each(|q| samples.value(&[], q.running));
    let mut samples = page.metric("gastrolog_followers_running", Gauge, "Followers that run.");
    queries.iter().for_each(|q| samples.value(&[], q.following));
    let help = "Bytes that finished queries have read from stores.";
    let mut samples = page.metric("gastrolog_query_read_bytes_total", Counter, help);
    queries.iter().for_each(|q| samples.value(&[], q.bytes_read));
    let mut samples = page.metric("gastrolog_query_seconds", Histogram, "Queries, by how they ended.");
    for (outcome, counts) in queries.iter().flat_map(|q| &q.times) {
        samples.histogram(&[("outcome", outcome.name())], counts);
    }
}
