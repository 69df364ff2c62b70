//! Chunk files and catalogs with their checksums made right, opened as a store, checked, and queried.

use gastrolog_engine::{Cancel, QueryRequest, Service, ValuesRequest};

use super::past::{CHUNK, past_catalog, past_chunk, segments};
use super::seal;
use super::stores::{catalog, open_files};
use crate::Target;

pub(crate) const TARGETS: &[Target] = &[
    Target::new("chunk_file", chunk_file, || vec![past_chunk()]).with_streams(),
    Target::new("catalog", catalog_file, || vec![past_catalog()]),
    Target::new("wal_file", wal_file, || segments().into_iter().map(|(_, bytes)| bytes).collect()),
];

/// What a user may ask of a store whose files are hostile.
const QUERIES: [&str; 6] = [
    "*",
    "error OR status>=500 OR 10.0.0.1",
    "* | stats count(), max(bytes), p99(duration_ms) by level, method",
    "* | patterns",
    "* | stats count() by bin(1h)",
    "/5[0-9]{2}/ | sort -bytes | head 3",
];

fn ask_all(files: &[(String, Vec<u8>)]) {
    let Some(engine) = open_files(files) else { return };
    for query in QUERIES {
        let request = QueryRequest { query: query.into(), with_fields: true, ..QueryRequest::default() };
        // An error or an incomplete answer is as good as any other.
        let _ = engine.query(&request, &Cancel::default(), &mut |_| true);
    }
    let _ = engine.verify("", &mut |_, _| ());
    let request = |query: &str| QueryRequest { query: query.into(), ..QueryRequest::default() };
    for (query, run) in
        [("level=error", true), ("* | stats count() by level", false), ("* | patterns", false)]
    {
        let _ = engine.explain(&request(query), run, &Cancel::default());
    }
    let _ = engine.fields(&request("*"), &Cancel::default());
    let values =
        ValuesRequest { store: String::new(), field: "level".into(), prefix: String::new(), limit: Some(10) };
    let _ = engine.values(&values);
    let _ = (engine.stores(), engine.usage(""));
    for chunk in engine.chunks("").unwrap_or_default() {
        let _ = engine.inspect("", &chunk.id);
    }
}

fn chunk_file(data: &[u8]) {
    let mut bytes = data.to_vec();
    seal::chunk(&mut bytes);
    ask_all(&[(CHUNK.into(), bytes)]);
}

/// The first byte says whether the chunk that the catalog tells of is there.
fn catalog_file(data: &[u8]) {
    let mut bytes = data.to_vec();
    seal::last_crc(&mut bytes);
    let mut files = vec![catalog(bytes)];
    if data.first().is_some_and(|b| b & 1 == 1) {
        files.push((CHUNK.into(), past_chunk()));
    }
    ask_all(&files);
}

fn wal_file(data: &[u8]) {
    let mut bytes = data.to_vec();
    seal::segment(&mut bytes);
    let name = segments().into_iter().next().map(|(name, _)| name).unwrap_or_default();
    ask_all(&[(name, bytes)]);
}
