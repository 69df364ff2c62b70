//! Reads a push request in JSON.

use gastrolog_net::json::{for_each_element, for_each_member, text};
use gastrolog_net::web::Problem;
use gastrolog_types::Timestamp;
use serde_json::value::RawValue;

use crate::gather::{Gather, Pair};

/// Reads the lines of `request` into `gather`.
pub(crate) fn read(request: &str, gather: &mut Gather) -> Result<(), Problem> {
    let streams = member(request, "streams")?
        .ok_or_else(|| Problem::Bad("not a push request: there is no \"streams\"".to_owned()))?;
    elements(streams, |stream| {
        let labels = match member(stream.get(), "stream")? {
            Some(labels) => pairs(labels)?,
            None => Vec::new(),
        };
        gather.stream(labels, None)?;
        match member(stream.get(), "values")? {
            Some(values) => elements(values, |entry| read_entry(entry, gather)),
            None => Ok(()),
        }
    })
}

fn bad(error: &serde_json::Error) -> Problem {
    Problem::Bad(format!("not a push request in JSON: {error}"))
}

fn member<'a>(object: &'a str, wanted: &str) -> Result<Option<&'a RawValue>, Problem> {
    let mut found = None;
    for_each_member(object, |key, value| {
        if key == wanted {
            found = Some(value);
        }
        Ok(())
    })
    .map_err(|e| bad(&e))?;
    Ok(found)
}

/// Walks an array; a problem of `each` ends the walk.
fn elements<'a>(
    array: &'a RawValue,
    mut each: impl FnMut(&'a RawValue) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut problem = None;
    let walked = for_each_element(array.get(), |element| {
        each(element).map_err(|p| {
            problem = Some(p);
            String::new()
        })
    });
    match problem {
        Some(problem) => Err(problem),
        None => walked.map_err(|e| bad(&e)),
    }
}

/// The members of an object; values that are no texts as they stand.
fn pairs(object: &RawValue) -> Result<Vec<Pair>, Problem> {
    let mut pairs = Vec::new();
    for_each_member(object.get(), |name, value| {
        pairs.push((name.into_owned(), plain(value)));
        Ok(())
    })
    .map_err(|e| bad(&e))?;
    Ok(pairs)
}

fn plain(value: &RawValue) -> Vec<u8> {
    text(value).map_or_else(|| value.get().as_bytes().to_vec(), |text| text.into_owned().into_bytes())
}

/// `["nanoseconds", "line"]`, and perhaps an object of metadata.
fn read_entry(entry: &RawValue, gather: &mut Gather) -> Result<(), Problem> {
    let mut parts = [None; 3];
    let walked = for_each_element(entry.get(), |part| {
        if let Some(free) = parts.iter_mut().find(|p| p.is_none()) {
            *free = Some(part);
        }
        Ok(())
    });
    let [time, line, metadata] = parts;
    let (Ok(()), Some(time), Some(line)) = (walked, time, line.and_then(text)) else {
        let reason = "not an entry like [\"nanoseconds\", \"line\"]";
        return gather.odd(entry.get().as_bytes(), Timestamp::NONE, Vec::new(), reason);
    };
    let (metadata, trouble) = match metadata.map(pairs) {
        None => (Vec::new(), None),
        Some(Ok(metadata)) => (metadata, None),
        Some(Err(_)) => (Vec::new(), Some("the metadata is not an object")),
    };
    let parsed = time.get().trim_matches('"').parse().map(Timestamp);
    match (parsed, trouble) {
        (Ok(time), None) => gather.line(line.as_bytes(), time, metadata),
        (Ok(_), Some(trouble)) => gather.odd(entry.get().as_bytes(), Timestamp::NONE, metadata, trouble),
        (Err(_), _) => {
            let reason = format!("the time {} is not a number of nanoseconds", time.get());
            gather.odd(line.as_bytes(), Timestamp::NONE, metadata, &reason)
        }
    }
}
