//! `chunks`, `inspect`, `stores` and `explain`: what they say adds up.

use serde_json::Value;

use crate::support::Place;

/// A sealed chunk of access lines, and lines that wait.
fn place() -> Place {
    let place = Place::new();
    let line = |i: u32| {
        let status = if i.is_multiple_of(10) { 500 } else { 200 };
        format!(
            "192.0.2.{} - - [10/Oct/2025:13:55:{:02} +0000] \"GET /p/{i} HTTP/1.1\" {status} {i} \"-\" \"t\"\n",
            i % 200,
            i % 60
        )
    };
    place.ingest((0..1000).map(line).collect::<String>().as_bytes());
    place.ok(&["seal"]);
    place.ingest(b"waits level=info\n");
    place
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn a_chunk_is_described_as_it_is() {
    let place = place();
    let chunks = place.ok(&["chunks", "--output", "json"]);
    assert_eq!(chunks.lines().count(), 1);
    let chunk = json(&chunks);
    assert_eq!(
        (&chunk["records"], &chunk["sealed"], &chunk["first_seq"]),
        (&1000.into(), &true.into(), &0.into())
    );
    let file = &place.chunks()[0];
    assert_eq!(chunk["stored_bytes"], std::fs::metadata(file).unwrap().len());
    let id = chunk["id"].as_str().unwrap();
    assert_eq!(file.file_stem().unwrap().to_str(), Some(id));

    let detail = json(&place.ok(&["inspect", "--output", "json", &id[..6]]));
    assert_eq!(detail["chunk"], chunk);
    let sections = detail["sections"].as_array().unwrap();
    let bytes: u64 = sections.iter().map(|s| s["bytes"].as_u64().unwrap()).sum();
    assert_eq!(bytes, chunk["stored_bytes"].as_u64().unwrap(), "the sections are the file");
    let columns = detail["columns"].as_array().unwrap();
    let column = |name: &str| columns.iter().find(|c| c["name"] == name).unwrap();
    assert_eq!((&column("status")["values"], &column("status")["distinct"]), (&1000.into(), &2.into()));
    assert_eq!(column("path")["values"], 1000);
    let stored: u64 = columns.iter().map(|c| c["stored_bytes"].as_u64().unwrap()).sum();
    let in_columns = sections.iter().find(|s| s["name"] == "columns").unwrap();
    assert_eq!(in_columns["bytes"], stored);
    assert!(place.ok(&["inspect", id]).contains("remote_addr"));
}

#[test]
fn a_store_is_described_as_it_is() {
    let place = place();
    let store = json(&place.ok(&["stores", "--output", "json"]));
    assert_eq!(
        (&store["name"], &store["records"], &store["sealed_chunks"]),
        (&"default".into(), &1001.into(), &1.into())
    );
    let served = {
        let _serving = place.serve();
        json(&place.ok(&["stores", "--output", "json"]))
    };
    assert_eq!(served, store);
}

#[test]
fn plans_are_json_and_say_what_ran() {
    let place = place();
    for query in ["*", "status=500", "waits", "status=500 | stats count() by path", "\"GET /p/7\""] {
        for analyze in [false, true] {
            let args: &[&str] = if analyze { &["--analyze"] } else { &[] };
            let plan = place.run(&[&["explain", "--output", "json"], args, &[query]].concat());
            let plan = json(&String::from_utf8(plan.stdout).unwrap());
            assert!(plan["title"].is_string() && plan["children"].is_array(), "{query}: {plan}");
        }
    }
    let tree = place.ok(&["explain", "--analyze", "status=500"]);
    assert!(tree.contains("status"), "{tree}");
}
