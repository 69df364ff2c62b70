//! The targets, a file for each part of the project.

mod chunk;
mod column;
mod expression;
mod filter;
mod footer;
mod gelf;
mod http;
mod indexers;
mod inflate;
mod pipeline;
mod query;
mod regex;
mod relp;
mod row_group;
mod seal;
mod stores;
mod syslog;
mod time;
mod tokens;
mod wal;

use crate::Target;

/// Every target.
pub fn all() -> Vec<Target> {
    let of_each = [
        indexers::TARGETS,
        pipeline::TARGETS,
        http::TARGETS,
        inflate::TARGETS,
        syslog::TARGETS,
        relp::TARGETS,
        gelf::TARGETS,
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
