//! What the chunks of a store cost and served: its wire form, both ways.

use gastrolog_engine as engine;

use crate::{from_wire, proto, to_wire};

pub(crate) fn to_wire(u: engine::StoreUsage) -> proto::UsageResponse {
    let field = |f: engine::FieldUsage| proto::FieldUsage {
        name: f.name,
        values: f.values,
        raw_bytes: f.raw_bytes,
        stored_bytes: f.stored_bytes,
        encodings: to_wire::counts(f.encodings),
        distinct: f.distinct,
        listed_in_chunks: f.listed_in_chunks,
        in_chunks: f.in_chunks,
        footer_bytes: f.footer_bytes,
        queries: f.queries,
        chunks_pruned: f.chunks_pruned,
        row_groups_pruned: f.row_groups_pruned,
        ..Default::default()
    };
    let index = |i: engine::IndexUsage| proto::IndexUsage {
        name: i.name,
        stored_bytes: i.stored_bytes,
        chunks_pruned: i.chunks_pruned,
        row_groups_pruned: i.row_groups_pruned,
        chunks_answered: i.chunks_answered,
        ..Default::default()
    };
    proto::UsageResponse {
        chunks: u.chunks,
        stored_bytes: u.stored_bytes,
        since_ns: to_wire::time(u.since),
        queries: u.queries,
        fields: u.fields.into_iter().map(field).collect(),
        indexes: u.indexes.into_iter().map(index).collect(),
        ..Default::default()
    }
}

pub(crate) fn from_wire(u: proto::UsageResponse) -> engine::StoreUsage {
    let field = |f: proto::FieldUsage| engine::FieldUsage {
        name: f.name,
        values: f.values,
        raw_bytes: f.raw_bytes,
        stored_bytes: f.stored_bytes,
        encodings: from_wire::counts(f.encodings),
        distinct: f.distinct,
        listed_in_chunks: f.listed_in_chunks,
        in_chunks: f.in_chunks,
        footer_bytes: f.footer_bytes,
        queries: f.queries,
        chunks_pruned: f.chunks_pruned,
        row_groups_pruned: f.row_groups_pruned,
    };
    let index = |i: proto::IndexUsage| engine::IndexUsage {
        name: i.name,
        stored_bytes: i.stored_bytes,
        chunks_pruned: i.chunks_pruned,
        row_groups_pruned: i.row_groups_pruned,
        chunks_answered: i.chunks_answered,
    };
    engine::StoreUsage {
        chunks: u.chunks,
        stored_bytes: u.stored_bytes,
        since: from_wire::time(u.since_ns),
        queries: u.queries,
        fields: u.fields.into_iter().map(field).collect(),
        indexes: u.indexes.into_iter().map(index).collect(),
    }
}
