//! Patterns against those that people found in real logs (Loghub, corrected). Prints a table: `--nocapture`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gastrolog_index::{PatternFinder, Pipeline};

fn pipeline() -> Pipeline {
    Pipeline::new(vec![
        Box::new(gastrolog_indexer_json::JsonIndexer),
        Box::new(gastrolog_indexer_syslog::Syslog),
        Box::new(gastrolog_indexer_apache::Apache),
        Box::new(gastrolog_indexer_logfmt::LogfmtIndexer),
        Box::new(gastrolog_indexer_kv::KvIndexer),
        Box::new(gastrolog_indexer_token::Token),
    ])
}

/// A file of the shared data; the data may be absent.
fn shared(path: &str) -> Option<String> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    match std::fs::read(&path) {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => {
            assert!(
                std::env::var_os("GASTROLOG_REQUIRE_SHARED").is_none(),
                "{} is not there",
                path.display()
            );
            eprintln!("skipped: {} is not there", path.display());
            None
        }
    }
}

/// The cells of a line of CSV.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells
}

/// Message and golden group of each record.
fn golden(system: &str) -> Option<Vec<(String, String)>> {
    let csv = shared(&format!("loghub-2k-corrected/{system}/{system}_2k.log_structured_corrected.csv"))?;
    let mut lines = csv.lines();
    let head = cells(lines.next()?);
    let place = |name: &str| head.iter().position(|h| h == name);
    let (content, event) = (place("Content")?, place("EventId")?);
    Some(lines.map(cells).map(|c| (c[content].clone(), c[event].clone())).collect())
}

fn pattern(pipeline: &Pipeline, text: &str) -> String {
    let mut finder = PatternFinder::default();
    String::from_utf8_lossy(finder.of_record(pipeline, text.as_bytes())).into_owned()
}

fn groups(keys: &[String]) -> (BTreeMap<&str, usize>, BTreeSet<Vec<usize>>) {
    let mut by_key: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    keys.iter().enumerate().for_each(|(i, key)| by_key.entry(key).or_default().push(i));
    (by_key.iter().map(|(k, v)| (*k, v.len())).collect(), by_key.into_values().collect())
}

/// The share of records whose group is exactly a golden one, in percent, and the number of groups.
fn accuracy(found: &[String], golden: &[String]) -> (f64, usize) {
    let (found, golden) = (groups(found), groups(golden));
    if std::env::var_os("GASTROLOG_SHOW_PATTERNS").is_some() {
        found.0.iter().for_each(|(key, n)| eprintln!("{n:6} {key}"));
    }
    let right: usize = found.1.intersection(&golden.1).map(Vec::len).sum();
    let all: usize = golden.1.iter().map(Vec::len).sum();
    (100.0 * right as f64 / all as f64, found.1.len())
}

#[test]
fn groups_of_real_logs_are_mostly_those_that_people_made() {
    let pipeline = pipeline();
    println!("{:10} {:>7} {:>15} {:>15}", "system", "golden", "messages", "whole records");
    for (system, floor) in [
        ("Apache", 99.0),
        ("HDFS", 99.0),
        ("Linux", 70.0),
        ("OpenSSH", 99.0),
        ("Spark", 90.0),
        ("Zookeeper", 99.0),
    ] {
        let Some(rows) = golden(system) else { continue };
        let Some(log) = shared(&format!("loghub-2k/{system}/{system}_2k.log")) else { continue };
        let events: Vec<String> = rows.iter().map(|(_, event)| event.clone()).collect();
        let messages: Vec<String> = rows.iter().map(|(text, _)| pattern(&pipeline, text)).collect();
        let records: Vec<String> = log.lines().map(|line| pattern(&pipeline, line)).collect();
        assert_eq!(records.len(), events.len());
        let of_messages = accuracy(&messages, &events);
        let of_records = accuracy(&records, &events);
        println!(
            "{system:10} {:>7} {:>8.1} % {:>4} {:>8.1} % {:>4}",
            groups(&events).1.len(),
            of_messages.0,
            of_messages.1,
            of_records.0,
            of_records.1
        );
        assert!(of_messages.0 >= floor, "{system}: {of_messages:?}");
    }
}

#[test]
fn hostile_texts_take_time_in_proportion() {
    let pipeline = pipeline();
    for piece in
        ["a:", "1,", "\"", "' ", "=", "/a", "a@", "user for ", "Mon ", "  1", "()", "<a>", "a.b", "::"]
    {
        let begin = std::time::Instant::now();
        let text = piece.repeat((1 << 20) / piece.len());
        assert!(!pattern(&pipeline, &text).is_empty());
        assert!(begin.elapsed().as_secs() < 20, "{piece}: {:?}", begin.elapsed());
    }
}
