//! What receivers have counted: its wire form, both ways.

use std::time::Duration;

use gastrolog_ingest::{CountersSnapshot, DropReason, ReceiverState, ReceiverStatus, RouteStatus};

use crate::{from_wire, proto, to_wire};

pub(crate) fn to_wire(status: ReceiverStatus) -> proto::ReceiverInfo {
    let counts = status.counts;
    let dropped = counts
        .dropped
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(reason, n)| (reason.name().to_owned(), *n))
        .collect();
    let (last_error_ns, last_error) =
        status.last_error.map_or((None, String::new()), |(when, text)| (to_wire::time(when), text));
    proto::ReceiverInfo {
        name: status.name,
        kind: status.kind,
        addresses: status.addresses,
        received: counts.received,
        stored: counts.stored,
        dropped: to_wire::counts(dropped),
        in_flight: counts.in_flight(),
        parse_errors: counts.parse_errors,
        faults: counts.faults,
        per_second: status.per_second,
        last_error,
        last_error_ns,
        state: status.state.name().to_owned(),
        lag_ms: u64::try_from(status.lag.as_millis()).unwrap_or(u64::MAX),
        unread_bytes: status.unread_bytes,
        ..Default::default()
    }
}

pub(crate) fn route_to_wire(status: RouteStatus) -> proto::RouteInfo {
    let RouteStatus { name, when, stores, records, bytes } = status;
    proto::RouteInfo { name, when, stores, records, bytes, ..Default::default() }
}

pub(crate) fn route_from_wire(info: proto::RouteInfo) -> RouteStatus {
    let proto::RouteInfo { name, when, stores, records, bytes, .. } = info;
    RouteStatus { name, when, stores, records, bytes }
}

pub(crate) fn from_wire(info: proto::ReceiverInfo) -> ReceiverStatus {
    let named = from_wire::counts(info.dropped);
    let count = |reason: DropReason| named.iter().filter(|(n, _)| n == reason.name()).map(|(_, n)| n).sum();
    let when = from_wire::time(info.last_error_ns);
    // A server that is older says nothing of it.
    let state = ReceiverState::ALL.into_iter().find(|state| state.name() == info.state).unwrap_or_default();
    ReceiverStatus {
        state,
        lag: Duration::from_millis(info.lag_ms),
        unread_bytes: info.unread_bytes,
        name: info.name,
        kind: info.kind,
        addresses: info.addresses,
        counts: CountersSnapshot {
            received: info.received,
            stored: info.stored,
            dropped: DropReason::ALL.map(|reason| (reason, count(reason))),
            parse_errors: info.parse_errors,
            faults: info.faults,
        },
        per_second: info.per_second,
        last_error: (!info.last_error.is_empty()).then_some((when, info.last_error)),
    }
}
