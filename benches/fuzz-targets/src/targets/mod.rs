//! The targets, a file for each part of the project.

mod beats;
mod chunk;
mod column;
mod elastic;
mod expression;
mod files;
mod filter;
mod fluent;
mod footer;
mod gelf;
mod http;
mod indexers;
mod inflate;
mod journald;
mod kafka;
mod loki;
mod otlp;
mod parse;
mod past;
mod pipeline;
mod query;
mod records;
mod regex;
mod relp;
mod row_group;
mod seal;
mod sound;
mod stores;
mod syslog;
mod tail;
mod time;
mod tokens;
mod wal;

use crate::Target;

/// Every target.
pub fn all() -> Vec<Target> {
    let of_each = [
        indexers::TARGETS,
        pipeline::TARGETS,
        records::TARGETS,
        http::TARGETS,
        inflate::TARGETS,
        syslog::TARGETS,
        relp::TARGETS,
        gelf::TARGETS,
        otlp::TARGETS,
        loki::TARGETS,
        elastic::TARGETS,
        beats::TARGETS,
        fluent::TARGETS,
        journald::TARGETS,
        kafka::TARGETS,
        tail::TARGETS,
        parse::TARGETS,
        query::TARGETS,
        expression::TARGETS,
        regex::TARGETS,
        time::TARGETS,
        column::TARGETS,
        row_group::TARGETS,
        footer::TARGETS,
        filter::TARGETS,
        chunk::TARGETS,
        wal::TARGETS,
    ];
    of_each.concat()
}
