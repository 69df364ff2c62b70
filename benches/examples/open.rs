//! Opens a store of many chunks and says how long it took: `cargo run --release -p gastrolog-benches --example open -- DIR [CHUNKS]`.
//!
//! Makes the store first if DIR has none; on a memory file system that takes seconds, on a disk that syncs minutes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use gastrolog_engine::{Access, Engine, EngineConfig, Location, OpenOptions, Service};
use gastrolog_env::Env;
use gastrolog_types::{Attributes, Batch, Timestamp};

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().unwrap_or_default());
    let chunks: usize = args.next().map_or(Ok(10_000), |n| n.parse())?;
    let open = |access| {
        Engine::open(OpenOptions {
            location: Location::Dir(dir.clone()),
            access,
            config: EngineConfig::default(),
            pipeline: Arc::new(gastrolog_benches::pipeline()),
            env: Env::real(),
        })
    };
    let engine = open(Access::ReadWrite)?;
    for i in engine.chunks("")?.len()..chunks {
        let text = format!("level=info n={i} msg=\"one of many\"").into_bytes();
        engine.append(
            "",
            Batch::from_lines(text, Attributes::default(), Timestamp(1_795_000_000_000_000_000)),
        )?;
        engine.seal("")?;
    }
    drop(engine);
    for access in [Access::ReadWrite, Access::ReadOnly, Access::ReadWrite] {
        let begin = Instant::now();
        let engine = open(access)?;
        let took = begin.elapsed();
        println!(
            "{} chunks open for {access:?} in {:.1} ms",
            engine.chunks("")?.len(),
            took.as_secs_f64() * 1e3
        );
    }
    Ok(())
}
