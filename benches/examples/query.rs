//! Times queries on a store without a server: `cargo run --release -p gastrolog-benches --example query -- DIR QUERY…`.

use std::sync::Arc;
use std::time::Instant;

use gastrolog_engine::{
    Access, Answer, Cancel, Engine, EngineConfig, Location, OpenOptions, QueryRequest, Service, Value,
};
use gastrolog_env::Env;

/// How often each query runs; the median is shown.
const RUNS: usize = 7;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().unwrap_or_default();
    let engine = Engine::open(OpenOptions {
        location: Location::Dir(dir.into()),
        access: Access::ReadOnly,
        config: EngineConfig::default(),
        pipeline: Arc::new(gastrolog_benches::pipeline()),
        env: Env::real(),
    })?;
    for query in args {
        let request = QueryRequest { query: query.clone(), limit: Some(100), ..QueryRequest::default() };
        let (mut times, mut rows, mut last) = (Vec::new(), 0, String::new());
        for _ in 0..RUNS {
            let begin = Instant::now();
            rows = 0;
            engine.query(&request, &Cancel::default(), &mut |answer| {
                rows += u64::from(!matches!(answer, Answer::Columns(_)));
                if let Answer::Row(values) = &answer {
                    last = values.iter().map(show).collect::<Vec<_>>().join(" ");
                }
                true
            })?;
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        let cold = times.first().copied().unwrap_or(0.0);
        times.sort_by(f64::total_cmp);
        let median = times.get(RUNS / 2).copied().unwrap_or(0.0);
        println!("{median:>10.2} ms (first {cold:.1})  {query}  -> {rows} rows, last: {last}");
    }
    Ok(())
}

fn show(value: &Value) -> String {
    match value {
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        other => format!("{other:?}"),
    }
}
