//! A store against a list of what was acknowledged, with faults, clean ends and power cuts at random.

use std::io::ErrorKind;

use gastrolog_env::{Fault, FaultFs, ManualClock, Operation};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::*;

#[derive(Clone, Debug)]
enum Op {
    /// So many records; more than about 25 go straight to a chunk.
    Append(usize),
    Flush,
    Seal,
    Maintain,
    /// Write the next chunks anew.
    Recompact,
    /// Faults end.
    Heal,
    Fail(Operation, u64, u64, ErrorKind),
}

/// What happens between opening a store and its end.
#[derive(Clone, Debug)]
struct Life {
    ops: Vec<Op>,
    /// The power is cut at this write at the latest, and what survives is by this seed; else the end is clean.
    cut: Option<(u64, u64)>,
}

fn op() -> impl Strategy<Value = Op> {
    let operation = prop_oneof![
        Just(Operation::Create),
        Just(Operation::Append),
        Just(Operation::Sync),
        Just(Operation::SyncDir),
        Just(Operation::Rename),
        Just(Operation::Remove),
        Just(Operation::Truncate),
        Just(Operation::AnyWrite),
    ];
    let kind = prop_oneof![Just(ErrorKind::StorageFull), Just(ErrorKind::Other)];
    prop_oneof![
        8 => (0usize..16).prop_map(Op::Append),
        2 => (16usize..90).prop_map(Op::Append),
        3 => Just(Op::Flush),
        1 => Just(Op::Seal),
        1 => Just(Op::Maintain),
        2 => Just(Op::Recompact),
        1 => Just(Op::Heal),
        1 => (operation, 0u64..6, 1u64..4, kind).prop_map(|(o, after, times, k)| Op::Fail(o, after, times, k)),
    ]
}

fn life() -> impl Strategy<Value = Life> {
    let cut = prop_oneof![1 => Just(None), 3 => (0u64..60, any::<u64>()).prop_map(Some)];
    (proptest::collection::vec(op(), 0..14), cut).prop_map(|(ops, cut)| Life { ops, cut })
}

/// What was given to the store, in order.
#[derive(Default)]
struct Model {
    batches: Vec<(Vec<Vec<u8>>, bool)>,
    appended: usize,
}

impl Model {
    /// Every acknowledged record is there once; of a batch that was not acknowledged, all, none, or a beginning.
    fn check(&self, found: &[Vec<u8>]) {
        let mut rest = found;
        for (i, (texts, acknowledged)) in self.batches.iter().enumerate() {
            let same = texts.iter().zip(rest).take_while(|(a, b)| a == b).count();
            assert!(
                same == texts.len() || !acknowledged,
                "batch {i}: {same} of {} acknowledged records",
                texts.len()
            );
            rest = &rest[same..];
        }
        assert!(rest.is_empty(), "{} records were never there, or are there twice", rest.len());
    }

    /// What was seen after a restart stays.
    fn settle(&mut self, found: Vec<Vec<u8>>) {
        self.check(&found);
        self.batches = vec![(found, true)];
    }
}

/// The texts that can be read. A row group that a power cut left unreadable is passed over: it must not hold anything
/// that was acknowledged, which [`Model::check`] finds.
fn readable(store: &Store) -> Vec<Vec<u8>> {
    let snapshot = store.snapshot();
    let mut texts = Vec::new();
    for group in snapshot.chunks.iter().flat_map(|c| c.row_groups().unwrap()) {
        texts.extend(rows_of(group).unwrap_or_default().into_iter().map(|r| r.1));
    }
    texts.extend(snapshot.pending.iter().flat_map(|p| p.range.clone().map(|i| p.batch.text_of(i).to_vec())));
    texts
}

fn act(store: &Store, fs: &FaultFs, op: &Op, model: &mut Model) {
    match *op {
        Op::Append(count) => {
            let texts = texts(model.appended, count);
            model.appended += count;
            let acknowledged = store.append(batch(&texts)).is_ok();
            model.batches.push((texts, acknowledged));
        }
        Op::Flush => drop(store.flush()),
        Op::Seal => drop(store.seal()),
        Op::Maintain => drop(store.maintain()),
        Op::Recompact => drop(super::recompact::recompact_next_by(store, &Fives)),
        Op::Heal => fs.heal(),
        Op::Fail(operation, after, times, error) => fs.inject(Fault { operation, after, times, error }),
    }
}

fn live(fs: FaultFs, life: &Life, model: &mut Model) -> FaultFs {
    let env = Env { clock: Arc::new(ManualClock::default()), ..env(fs.clone()) };
    if let Some((after, _)) = life.cut {
        // Half of the cuts come early, to hit the opening.
        let after = after.saturating_sub(30);
        fs.inject(Fault { operation: Operation::AnyWrite, after, times: u64::MAX, error: ErrorKind::Other });
    }
    let opened = Store::open(env, Path::new(DIR), options(), Arc::new(Fives));
    if let Ok(store) = &opened {
        if life.cut.is_none() {
            // What a cut left of a chunk that had been given up, or of a row group that was not acknowledged.
            let harmless =
                |d: &ReadError| d.place.starts_with("row group") || d.reason.contains("left as it is");
            // Of the end of the log, where it was not synced, nobody knows whether it was acknowledged.
            let is_doubtful = |d: &ReadError| d.file.ends_with(".wal");
            let report = store.report();
            assert!(
                report.damage.iter().all(harmless) && report.passing.iter().all(is_doubtful),
                "{report:?}"
            );
            model.settle(readable(store));
        }
        for op in &life.ops {
            act(store, &fs, op, model);
            model.check(&readable(store));
        }
    } else {
        assert!(life.cut.is_some(), "{opened:?}");
    }
    match life.cut {
        Some((_, seed)) => {
            let image = fs.crash(seed).unwrap();
            drop(opened);
            FaultFs::over(&image).unwrap()
        }
        None => {
            fs.heal();
            drop(opened);
            fs
        }
    }
}

/// Lives, unless `GASTROLOG_POWER_SEEDS` says otherwise.
const SEEDS: u64 = 400;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// The long form: `GASTROLOG_POWER_SEEDS=10000 cargo test -p gastrolog-chunk what_is_acknowledged`.
/// `GASTROLOG_SEED` is the first seed, which is also what a failure names.
#[test]
fn what_is_acknowledged_is_there_once() {
    let lives = proptest::collection::vec(life(), 1..6);
    let first = number("GASTROLOG_SEED", 0);
    for seed in first..first + number("GASTROLOG_POWER_SEEDS", SEEDS) {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
        let lives = lives.new_tree(&mut runner).unwrap().current();
        let outcome = std::panic::catch_unwind(|| {
            let mut model = Model::default();
            let mut fs = FaultFs::new();
            for life in &lives {
                fs = live(fs, life, &mut model);
            }
            live(fs, &Life { ops: vec![Op::Seal], cut: None }, &mut model);
        });
        assert!(outcome.is_ok(), "GASTROLOG_SEED={seed}: {lives:?}");
    }
}
