//! Power cuts, failing syncs and full disks.

use std::io::ErrorKind;

use gastrolog_env::{Fault, Operation};

use super::*;

/// One life of a log on a disk that loses power: returns what was committed, what was appended, and the floor
/// below which everything was released.
fn live_and_crash(seed: u64, fs: &FaultFs, stored_below: Seq) -> (Vec<Row>, Vec<Row>, Seq) {
    let random = SeededRandom::new(seed);
    fs.inject(Fault {
        operation: Operation::AnyWrite,
        after: random.below(60),
        times: u64::MAX,
        error: ErrorKind::Other,
    });
    // At intervals only a tick counts.
    let by_interval = seed % 2 == 1;
    let durability = if by_interval { Durability::Interval { interval_ms: 1 } } else { Durability::Fsync };
    let options = WalOptions { segment_bytes: 1500, durability };
    let env = Env { random: Arc::new(SeededRandom::new(seed)), ..env(fs.clone()) };
    let (mut committed, mut appended, mut floor) = (Vec::new(), Vec::new(), stored_below);
    let Ok((wal, recovered)) = Wal::open(&env, Path::new(DIR), stored_below, options) else {
        return (committed, appended, floor);
    };
    drop(recovered);
    let mut waiting: Vec<Row> = Vec::new();
    for _ in 0..200 {
        let seq = wal.next_seq();
        // Whether success makes everything so far durable.
        let (durable, done) = match random.below(12) {
            0 => (true, wal.rotate()),
            1 => {
                floor = floor.max(seq.saturating_sub(random.below(20)));
                (false, wal.release(floor))
            }
            2 => (true, wal.tick()),
            3..=6 => (false, wal.append(seq, &batch(seq, 1 + random.below(60))).map(drop)),
            _ => {
                (!by_interval, wal.append(seq, &batch(seq, 1 + random.below(5))).and_then(|t| wal.commit(t)))
            }
        };
        let new = rows(seq, &batch(seq, wal.next_seq() - seq));
        appended.extend(new.clone());
        waiting.extend(new);
        match done {
            Ok(()) if durable => committed.append(&mut waiting),
            Ok(()) => {}
            Err(_) => break,
        }
    }
    (committed, appended, floor)
}

#[test]
fn after_a_crash_every_committed_record_is_there_once() {
    let mut survived = 0;
    for seed in 0..600 {
        let fs = FaultFs::new();
        fs.create_dir_all(Path::new(DIR)).unwrap();
        let (committed, appended, floor) = live_and_crash(seed, &fs, 0);
        // A second life on what the first left, then a third that only looks.
        let fs = FaultFs::over(&fs.crash(seed).unwrap()).unwrap();
        let (_, before) = open(&env(fs.crash(0).unwrap()), floor);
        let before = check_survivors(seed, before, &committed, &appended, floor);
        let (mut committed, mut appended, floor) = live_and_crash(seed + 10_000, &fs, floor);
        committed.extend(before.clone());
        appended.extend(before);
        let (_, after) = open(&env(fs.crash(seed).unwrap()), floor);
        survived += check_survivors(seed, after, &committed, &appended, floor).len();
    }
    assert!(survived > 10_000, "{survived}");
}

fn check_survivors(seed: u64, found: Recovered, committed: &[Row], appended: &[Row], floor: Seq) -> Vec<Row> {
    let report = found.report().clone();
    let found = recovered_rows(found);
    assert!(found.windows(2).all(|w| w[0].0 < w[1].0), "seed {seed}: repeated");
    for row in committed.iter().filter(|row| row.0 >= floor) {
        assert!(found.contains(row), "seed {seed}: {} lost: {report:?}", row.0);
    }
    for row in &found {
        assert!(appended.contains(row), "seed {seed}: {} was never written", row.0);
    }
    found
}

#[test]
fn a_failed_sync_poisons_the_log_until_it_begins_anew_in_another_file() {
    let fs = FaultFs::new();
    let env = env(fs.clone());
    let (wal, _) = open(&env, 0);
    let kept = fill(&wal, &[2]).concat();
    fs.inject(Fault { operation: Operation::Sync, after: 0, times: 1, error: ErrorKind::Other });
    let ticket = wal.append(2, &batch(2, 1)).unwrap();
    let error = wal.commit(ticket).unwrap_err();
    assert!(matches!(&error, WalError::Poisoned { .. }));
    assert!(error.to_string().contains("cannot sync /wal/00000000000000000000.wal"), "{error}");
    for result in
        [wal.commit(ticket), wal.append(3, &batch(3, 1)).map(drop), wal.tick(), wal.rotate(), wal.release(1)]
    {
        assert!(matches!(result, Err(WalError::Poisoned { .. })));
    }
    // What it had is not safe elsewhere yet; once it is, another file is begun.
    assert!(!wal.renew(2).unwrap());
    fs.inject(Fault { operation: Operation::Remove, after: 0, times: 1, error: ErrorKind::Other });
    assert!(wal.renew(3).is_err() && wal.poison().is_some());
    assert!(wal.renew(3).unwrap() && wal.poison().is_none());
    let next = wal.next_seq();
    let new = fill(&wal, &[2]).concat();
    assert_eq!(next, 3);
    for seed in 0..20 {
        let image = Env { fs: Arc::new(fs.crash(seed).unwrap()), ..env.clone() };
        assert_eq!(recovered_rows(open(&image, 3).1), new);
    }
    assert_eq!(kept.len(), 2);
}

#[test]
fn a_full_disk_is_waited_out() {
    for (operation, after) in [(Operation::Append, 0), (Operation::Append, 1), (Operation::Create, 0)] {
        let fs = FaultFs::new();
        let env = env(fs.clone());
        let (wal, _) = open(&env, 0);
        fs.inject(Fault { operation, after, times: 2, error: ErrorKind::StorageFull });
        let first = wal.append(0, &batch(0, 3)).unwrap();
        for _ in 0..2 {
            let error = wal.commit(first).unwrap_err();
            assert!(matches!(&error, WalError::Env(e) if e.is_full()), "{error}");
        }
        let second = wal.append(3, &batch(3, 2)).unwrap();
        wal.commit(first).unwrap();
        wal.commit(second).unwrap();
        let (_, recovered) = open(&env, 0);
        assert_eq!((recovered.report().torn_bytes, recovered.report().is_whole()), (0, true));
        assert_eq!(recovered_rows(recovered), rows(0, &batch(0, 5)));
    }
}

#[test]
fn a_killed_process_then_a_power_cut_leaves_no_hole() {
    for seed in 0..100 {
        let fs = FaultFs::new();
        let env = env(fs.clone());
        let durability = Durability::Interval { interval_ms: 1 };
        let options = WalOptions { durability, ..WalOptions::default() };
        let (wal, _) = Wal::open(&env, Path::new(DIR), 0, options).unwrap();
        wal.commit(wal.append(0, &batch(0, 20)).unwrap()).unwrap();
        drop(wal);
        // What was written is seen again, though it was never synced; what comes after it relies on it.
        let (wal, _) = open(&env, 0);
        fill(&wal, &[3]);
        let (_, recovered) = open(&self::env(fs.crash(seed).unwrap()), 0);
        // Nothing but the last mark was not synced.
        let report = recovered.report();
        assert_eq!(
            (report.damaged_places, report.missing_records),
            (report.doubtful_places, 0),
            "{report:?}"
        );
        assert_eq!(recovered_rows(recovered), rows(0, &batch(0, 23)));
    }
}
