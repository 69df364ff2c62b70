//! The command end to end: a real server, a real store on a real disk, and what people do with them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod serve {
    mod answers;
    mod chatterbox;
    mod counts;
    mod damage;
    mod follow;
    mod look;
    mod peer;
    mod probe;
    mod processing;
    mod samples;
    mod syslog_lines;
    mod tail;
    mod together;
    mod watch;
}
mod support;
