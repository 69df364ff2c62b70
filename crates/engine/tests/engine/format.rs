//! Stores that past versions of the format left behind are opened and read, record by record.

use gastrolog_engine::{
    Access, Answer, Cancel, Engine, EngineConfig, Location, OpenOptions, Order, QueryRequest, Service, Value,
};
use gastrolog_env::Env;

use crate::support::{ask, pipeline};

#[test]
fn version_1_is_read() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/format/v1");
    let expected = std::fs::read(dir.join("expected.txt")).unwrap();
    let engine = Engine::open(OpenOptions {
        location: Location::Dir(dir),
        access: Access::ReadOnly,
        config: EngineConfig::default(),
        pipeline: pipeline(),
        env: Env::real(),
    })
    .unwrap();
    let verified = engine.verify("", &mut |_, _| ()).unwrap();
    assert!(verified.problems.is_empty(), "{:?}", verified.problems);

    let all = QueryRequest {
        query: "*".into(),
        order: Order::Write,
        oldest_first: true,
        ..QueryRequest::default()
    };
    let mut text = Vec::new();
    let mut take = |answer| {
        if let Answer::Record(found) = answer {
            text.extend_from_slice(&found.record.text);
            text.push(b'\n');
        }
        true
    };
    engine.query(&all, &Cancel::default(), &mut take).unwrap();
    assert_eq!(String::from_utf8_lossy(&text), String::from_utf8_lossy(&expected));

    // From columns, footers and the log: what `grep -c ' 500 '` and the like count in expected.txt.
    let lines = || expected.split(|&b| b == b'\n').map(String::from_utf8_lossy);
    let posts = lines().filter(|l| l.contains("\"POST ") && l.contains(" HTTP/1.1\" 500 ")).count();
    let request = QueryRequest {
        query: "status=500 method=POST file=*access.log | stats count()".into(),
        ..QueryRequest::default()
    };
    assert_eq!(ask(&engine, &request).last(), Some(&Answer::Row(vec![Value::Int(posts as i64)])));
    assert!(posts > 0);
}
