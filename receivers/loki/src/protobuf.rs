//! Reads a `logproto.PushRequest`.

use gastrolog_net::web::Problem;
use gastrolog_net::wire::{Field, Fields, WireError};
use gastrolog_types::Timestamp;

use crate::gather::{Gather, Pair};
use crate::labels;

const NS: i64 = 1_000_000_000;

/// Reads the lines of `request` into `gather`.
pub(crate) fn read(request: &[u8], gather: &mut Gather) -> Result<(), Problem> {
    for field in Fields::of(request) {
        if let (1, Field::Bytes(stream)) = field.map_err(bad)? {
            read_stream(stream, gather)?;
        }
    }
    Ok(())
}

fn bad(error: WireError) -> Problem {
    Problem::Bad(format!("not a push request: {error}"))
}

fn read_stream(stream: &[u8], gather: &mut Gather) -> Result<(), Problem> {
    let mut text: &[u8] = &[];
    for field in Fields::of(stream) {
        if let (1, Field::Bytes(labels)) = field.map_err(bad)? {
            text = labels;
        }
    }
    match std::str::from_utf8(text).ok().and_then(labels::parse) {
        Some(labels) => gather.stream(labels, None)?,
        None => {
            let labels = vec![("labels".to_owned(), text.to_vec())];
            gather.stream(labels, Some("the labels are not written like {name=\"value\"}".to_owned()))?;
        }
    }
    for field in Fields::of(stream) {
        if let (2, Field::Bytes(entry)) = field.map_err(bad)? {
            read_entry(entry, gather)?;
        }
    }
    Ok(())
}

fn read_entry(entry: &[u8], gather: &mut Gather) -> Result<(), Problem> {
    let (mut line, mut time, mut metadata) = (&[][..], Timestamp::NONE, Vec::new());
    for field in Fields::of(entry) {
        match field.map_err(bad)? {
            (1, Field::Bytes(stamp)) => time = read_time(stamp)?,
            (2, Field::Bytes(text)) => line = text,
            (3, Field::Bytes(pair)) => metadata.push(read_pair(pair)?),
            _ => {}
        }
    }
    gather.line(line, time, metadata)
}

/// `google.protobuf.Timestamp`; one that does not fit 64 bits of nanoseconds is none.
fn read_time(stamp: &[u8]) -> Result<Timestamp, Problem> {
    let (mut seconds, mut nanos) = (0, 0);
    for field in Fields::of(stamp) {
        match field.map_err(bad)? {
            (1, Field::Varint(n)) => seconds = n as i64,
            (2, Field::Varint(n)) => nanos = n as i64,
            _ => {}
        }
    }
    let time = seconds.checked_mul(NS).and_then(|ns| ns.checked_add(nanos));
    Ok(time.map_or(Timestamp::NONE, Timestamp))
}

fn read_pair(pair: &[u8]) -> Result<Pair, Problem> {
    let (mut name, mut value) = (String::new(), Vec::new());
    for field in Fields::of(pair) {
        match field.map_err(bad)? {
            (1, Field::Bytes(text)) => name = String::from_utf8_lossy(text).into_owned(),
            (2, Field::Bytes(bytes)) => value = bytes.to_vec(),
            _ => {}
        }
    }
    Ok((name, value))
}
