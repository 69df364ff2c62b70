//! Real clients, each against a server that is killed, stops, has no disk, and goes away while they send: what was
//! acknowledged to them, or what they could hold, is found by query, with its fields and times. The table in
//! `docs/receivers.md` says what each went through.
//!
//! Without a client its test says so and passes, unless `GASTROLOG_REQUIRE_CLIENTS` is set; `.ci/run` installs them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::indexing_slicing, reason = "only tests use it")]

mod support;

mod clients {
    mod beats;
    mod docker;
    mod fluent;
    mod gelf;
    mod http;
    mod journal;
    mod kafka;
    mod programs;
    mod prometheus;
    mod rsyslog;
    mod syslog;
    mod syslog_ng;
    mod trial;
}
