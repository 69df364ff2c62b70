//! Times queries on a store without a server: `cargo run --release -p gastrolog-benches --example query -- DIR QUERY…`.

use std::sync::Arc;
use std::time::Instant;

use gastrolog_engine::{
    Access, Answer, Cancel, Engine, EngineConfig, Location, OpenOptions, QueryRequest, Service, Value,
};
use gastrolog_env::Env;

/// How often each query runs, unless `RUNS` in the environment says otherwise; the median is shown.
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
    let runs = std::env::var("RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(RUNS);
    for query in args {
        let request = QueryRequest { query: query.clone(), limit: Some(100), ..QueryRequest::default() };
        let (mut times, mut rows, mut last) = (Vec::new(), 0, String::new());
        let cpu_before = cpu_ms();
        for _ in 0..runs {
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
        let median = times.get(runs / 2).copied().unwrap_or(0.0);
        let cpu = (cpu_ms() - cpu_before) / runs as f64;
        println!("{median:>10.2} ms (first {cold:.1}, CPU {cpu:.1})  {query}  -> {rows} rows, last: {last}");
    }
    Ok(())
}

/// What this process has spent so far, in steps of 10 ms (`proc_pid_stat(5)`); 0 where that cannot be known.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks * 10.0
}

fn show(value: &Value) -> String {
    match value {
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        other => format!("{other:?}"),
    }
}
