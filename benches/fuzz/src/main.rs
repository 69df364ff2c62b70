//! The fuzzer: libFuzzer around the target that `GASTROLOG_FUZZ_TARGET` names; `benches/fuzz/run` builds and drives it.
//! With `GASTROLOG_FUZZ_PEAK`, a file, it keeps there the most bytes that were ever held.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gastrolog_fuzz_targets::{Target, all, memory};
use libfuzzer_sys::fuzz_target;

/// What may be held in all, the fuzzer's corpus included, before the process ends itself.
const HELD_BYTES_MAX: usize = 1 << 30;

static TARGET: OnceLock<(Target, Option<PathBuf>)> = OnceLock::new();
static PEAK_BYTES: AtomicUsize = AtomicUsize::new(0);

fn choose() {
    let name = std::env::var("GASTROLOG_FUZZ_TARGET").unwrap_or_default();
    let targets = all();
    let Some(target) = targets.iter().find(|t| t.name == name) else {
        targets.iter().for_each(|t| println!("{}", t.name));
        std::process::exit(0);
    };
    memory::refuse_beyond(HELD_BYTES_MAX);
    let _ = TARGET.set((*target, std::env::var_os("GASTROLOG_FUZZ_PEAK").map(PathBuf::from)));
}

/// Written when it grew by a MiB: most runs write it a few times.
fn tell_peak(file: &PathBuf) {
    let peak = memory::peak_bytes();
    if peak >> 20 > PEAK_BYTES.swap(peak, Relaxed) >> 20 {
        let _ = std::fs::write(file, peak.to_string());
    }
}

fuzz_target!(init: choose(), |data: &[u8]| {
    if let Some((target, peak_file)) = TARGET.get() {
        target.check(data);
        peak_file.iter().for_each(tell_peak);
    }
});
