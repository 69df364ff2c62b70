//! Routing and processing: a batch of a mebibyte of lines on its way through, with a store behind it that takes all for nothing.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use gastrolog_benches::lines::{ARRIVED, Kind, batch};
use gastrolog_ingest::multiline::{MultilineConfig, MultilineRule};
use gastrolog_ingest::{Accepted, Routes, Sink, SinkError};
use gastrolog_process::redact::{Action, RedactConfig};
use gastrolog_process::{
    Process, ProcessConfig, ProcessSink, RateConfig, Rest, Router, RuleConfig, SampleConfig, TailConfig,
};
use gastrolog_types::{Attributes, Batch};

const BYTES: usize = 1 << 20;

fn main() {
    divan::Divan::default().max_time(std::time::Duration::from_millis(500)).config_with_args().main();
}

/// Takes everything and keeps nothing.
struct Nowhere;

impl Sink for Nowhere {
    fn append(&self, batch: Batch) -> Result<Accepted, SinkError> {
        Ok(Accepted::stored(0, batch.len() as u64))
    }
}

fn run(bencher: Bencher<'_, '_>, batch: &Batch, sink: &ProcessSink) {
    let (bytes, items) = (BytesCount::new(batch.text.len()), ItemsCount::new(batch.len()));
    let bencher = bencher.counter(bytes).counter(items).with_inputs(|| batch.clone());
    bencher.bench_local_values(|batch| sink.append(batch).unwrap_or_default());
}

fn processed(bencher: Bencher<'_, '_>, batch: &Batch, config: &ProcessConfig) {
    let process = Process::new(config, Arc::new(gastrolog_benches::pipeline())).map(Arc::new).ok();
    assert!(process.is_some(), "the configuration is wrong");
    run(bencher, batch, &ProcessSink::new("own", Arc::new(Nowhere), process, None));
}

/// No record satisfies any but the last rule, which does not hold for most: all are asked about all.
fn routed(bencher: Bencher<'_, '_>, kind: Kind, rules: usize, when: impl Fn(usize) -> String) {
    let rule = |n: usize| RuleConfig {
        name: format!("rule {n}"),
        when: if n + 1 == rules { "level=error".to_owned() } else { when(n) },
        stores: vec![format!("store{}", n % 5)],
        goes_on: false,
        process: None,
    };
    let rules: Vec<RuleConfig> = (0..rules).map(rule).collect();
    let pipeline = Arc::new(gastrolog_benches::pipeline());
    let router = Router::new(&rules, Rest::Own, pipeline, &Routes::default(), &|_| Arc::new(Nowhere));
    let router = router.ok().map(Arc::new);
    assert!(router.is_some(), "the rules are wrong");
    run(bencher, &batch(kind, BYTES), &ProcessSink::new("own", Arc::new(Nowhere), None, router));
}

/// Rules that ask for a field.
#[divan::bench(args = [1, 10, 100], consts = [false, true])]
fn routes_by_field<const JSON: bool>(bencher: Bencher<'_, '_>, rules: usize) {
    let kind = if JSON { Kind::Json } else { Kind::Logfmt };
    routed(bencher, kind, rules, |n| format!("service=none-{n}"));
}

/// Rules that ask for a word, but for the last one.
#[divan::bench(args = [1, 10, 100])]
fn routes_by_word(bencher: Bencher<'_, '_>, rules: usize) {
    routed(bencher, Kind::Json, rules, |n| format!("absent{n}"));
}

#[divan::bench(args = ["word", "level=debug", "request.path=/health*", "msg=/timed? out/"])]
fn drop(bencher: Bencher<'_, '_>, when: &str) {
    let config = ProcessConfig { drop: vec![when.to_owned()], ..ProcessConfig::default() };
    processed(bencher, &batch(Kind::Json, BYTES), &config);
}

#[divan::bench(args = ["text", "trace_id"])]
fn sample(bencher: Bencher<'_, '_>, by: &str) {
    let by = (by != "text").then(|| by.to_owned());
    let sample = SampleConfig { rate: 0.1, by, ..SampleConfig::default() };
    let config = ProcessConfig { sample: vec![sample], ..ProcessConfig::default() };
    processed(bencher, &batch(Kind::Json, BYTES), &config);
}

#[divan::bench]
fn tail_sample(bencher: Bencher<'_, '_>) {
    let tail = TailConfig { rate: 0.1, ..TailConfig::default() };
    let config = ProcessConfig { tail_sample: Some(tail), ..ProcessConfig::default() };
    processed(bencher, &batch(Kind::Json, BYTES), &config);
}

#[divan::bench]
fn rate_limit(bencher: Bencher<'_, '_>) {
    let rate = RateConfig { per: "peer".into(), records_per_second: 1e9, burst: 1e9 };
    let config = ProcessConfig { rate_limit: Some(rate), ..ProcessConfig::default() };
    processed(bencher, &batch(Kind::Json, BYTES), &config);
}

fn redacted(bencher: Bencher<'_, '_>, kind: Kind, field: Option<&str>, pattern: Option<&str>) {
    let all = |one: Option<&str>| one.into_iter().map(str::to_owned).collect();
    let redact = RedactConfig { fields: all(field), patterns: all(pattern), action: Action::default() };
    let config = ProcessConfig { redact: vec![redact], ..ProcessConfig::default() };
    processed(bencher, &batch(kind, BYTES), &config);
}

#[divan::bench(args = ["card", "email", "ipv4", "ipv6", "jwt", "api_key", "/order [0-9]+/"])]
fn redact_pattern(bencher: Bencher<'_, '_>, pattern: &str) {
    redacted(bencher, Kind::Json, None, Some(pattern));
}

/// Addresses, of which each line has one.
#[divan::bench]
fn redact_found(bencher: Bencher<'_, '_>) {
    redacted(bencher, Kind::Apache, None, Some("ipv4"));
}

#[divan::bench(args = ["user.id", "user.email", "*.token"])]
fn redact_field(bencher: Bencher<'_, '_>, field: &str) {
    redacted(bencher, Kind::Json, Some(field), None);
}

/// A line in eight is an error with a trace of six lines.
#[divan::bench(args = ["java", "start"])]
fn multiline(bencher: Bencher<'_, '_>, rule: &str) {
    let rule = match rule {
        "java" => MultilineRule::Java,
        _ => MultilineRule::Start(r"^\d{4}-\d\d-\d\d".into()),
    };
    let config = ProcessConfig { multiline: Some(MultilineConfig::new(rule)), ..ProcessConfig::default() };
    let mut text = Vec::new();
    for (n, line) in
        gastrolog_benches::lines::lines(Kind::Token, BYTES).split_inclusive(|&b| b == b'\n').enumerate()
    {
        text.extend_from_slice(line);
        if n % 8 == 0 {
            text.extend_from_slice(b"java.lang.IllegalStateException: no stock left for order 8817\n");
            for depth in 0..5 {
                text.extend_from_slice(
                    format!("\tat shop.Order.place{depth}(Order.java:{depth}7)\n").as_bytes(),
                );
            }
        }
    }
    processed(bencher, &Batch::from_lines(text, Attributes::default(), ARRIVED), &config);
}

/// What it costs to be there at all: the same without any configuration.
#[divan::bench]
fn nothing(bencher: Bencher<'_, '_>) {
    processed(bencher, &batch(Kind::Json, BYTES), &ProcessConfig::default());
}
