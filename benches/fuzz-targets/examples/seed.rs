//! Writes what the corpora begin with, from `testdata`; what is there stays. `seed [TARGET…]`

use gastrolog_fuzz_targets::{all, corpus};

fn main() -> std::io::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for target in all().iter().filter(|t| wanted.is_empty() || wanted.iter().any(|w| w == t.name)) {
        let folder = corpus::folder(target);
        std::fs::create_dir_all(&folder)?;
        for (i, seed) in (target.seeds)().iter().enumerate() {
            let path = folder.join(format!("seed-{i}"));
            if !path.exists() {
                std::fs::write(path, seed)?;
            }
        }
    }
    Ok(())
}
