//! Cut, flipped, lost and hostile bytes.

use proptest::prelude::*;

use super::*;

#[test]
fn cut_at_every_byte_whole_batches_are_left() {
    let env = env(MemFs::new());
    let (wal, _) = open(&env, 0);
    let batches = fill(&wal, &[1, 3, 2, 1]);
    let [(path, bytes)] = &files(&env)[..] else { panic!("one segment") };
    let mut ends_seen = std::collections::BTreeSet::new();
    for cut in 0..=bytes.len() {
        let env = disk_of(&[(path.clone(), bytes[..cut].to_vec())]);
        let (wal, recovered) = open(&env, 0);
        let report = recovered.report().clone();
        let got = recovered_rows(recovered);
        let whole = (0..=4).find(|&n| batches[..n].concat() == got);
        assert!(whole.is_some() && report.is_whole(), "cut at {cut}: {report:?}");
        ends_seen.insert(whole);
        let left: usize = files(&env).iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(left == 0 || left + report.torn_bytes as usize == cut, "cut at {cut}: {report:?}");
        // What was cut can be written again.
        let again = fill(&wal, &[2]).concat();
        let (_, recovered) = open(&env, 0);
        assert_eq!(recovered.report().torn_bytes, 0);
        assert_eq!(recovered_rows(recovered), [got, again].concat());
    }
    assert_eq!(ends_seen.len(), 5);
}

#[test]
fn every_flipped_bit_is_seen_and_costs_one_frame() {
    let env = env(MemFs::new());
    let (wal, _) = open(&env, 0);
    let mut batches = fill(&wal, &[1, 2]);
    wal.rotate().unwrap();
    batches.extend(fill(&wal, &[2, 1]));
    let all = batches.concat();
    let intact = files(&env);
    assert_eq!(intact.len(), 2);
    for (file, at, bit) in
        (0..2).flat_map(|f| (0..intact[f].1.len()).flat_map(move |a| (0..8).map(move |b| (f, a, b))))
    {
        let mut damaged = intact.clone();
        damaged[file].1[at] ^= 1 << bit;
        let (_, recovered) = open(&disk_of(&damaged), 0);
        let report = recovered.report().clone();
        let got = recovered_rows(recovered);
        assert!(got.iter().all(|row| all.contains(row)), "made up at {at}");
        assert!(!report.is_whole() || report.torn_bytes > 0, "{file} {at} {bit} not seen: {report:?}");
        let lost = batches.iter().filter(|b| !b.iter().all(|row| got.contains(row))).count();
        assert!(lost <= 1, "{file} {at} {bit}: {report:?}");
        assert_eq!(report.missing_records as usize, all.len() - got.len());
        // Behind the last frame there is a mark, so that it is not taken for a torn write. Only the last mark may be,
        // and nothing lacks without it.
        let last_mark = file == 1 && at >= intact[1].1.len() - frame::MARK_FRAME_LEN;
        if last_mark {
            assert_eq!((lost, report.damaged_places), (0, report.doubtful_places), "{at} {bit}: {report:?}");
        } else {
            assert_eq!((report.damaged_places, report.doubtful_places), (1, 0), "{at} {bit}: {report:?}");
            damaged_is_kept(&damaged, file);
        }
    }
}

/// The damaged segment stays for those who may find something in it, whatever the log forgets.
fn damaged_is_kept(damaged: &[(PathBuf, Vec<u8>)], file: usize) {
    let env = disk_of(damaged);
    let (wal, _) = open(&env, 0);
    wal.release(100).unwrap();
    let (path, bytes) = &damaged[file];
    assert_eq!(&env.fs.read(&path.with_extension(DAMAGED)).unwrap(), bytes);
}

/// What a power cut leaves of the last write, without any mark behind it.
#[test]
fn an_end_that_was_never_written_is_torn_and_one_that_was_whole_is_doubtful() {
    let env = env(MemFs::new());
    let (wal, _) = open(&env, 0);
    let kept = fill(&wal, &[3]).concat();
    let whole = files(&env)[0].1.len();
    fill(&wal, &[49]);
    let (path, bytes) = files(&env).remove(0);
    let end = bytes.len() - frame::MARK_FRAME_LEN;
    assert!(end - whole > 520, "it spans a sector: {}", end - whole);
    let mut torn = vec![bytes[..end - 1].to_vec(), bytes[..whole + 1].to_vec(), bytes[..whole + 40].to_vec()];
    for at in (0..end).step_by(512).filter(|at| at + 512 > whole) {
        let mut hole = bytes[..end].to_vec();
        hole[at.max(whole)..(at + 512).min(end)].fill(0);
        torn.push(hole);
    }
    for bytes in torn {
        let (_, recovered) = open(&disk_of(&[(path.clone(), bytes)]), 0);
        let report = recovered.report().clone();
        assert!(report.is_whole() && report.torn_bytes > 0, "{report:?}");
        assert_eq!(recovered_rows(recovered), kept);
    }
    for at in [whole, whole + 8, whole + 13, whole + 28, whole + 29, end - 1] {
        let mut bad = bytes[..end].to_vec();
        bad[at] ^= 4;
        let (_, recovered) = open(&disk_of(&[(path.clone(), bad)]), 0);
        assert_eq!(recovered.report().doubtful_places, 1, "byte {at}");
        assert_eq!(recovered_rows(recovered), kept);
    }
}

#[test]
fn a_lost_segment_a_strange_file_and_a_later_version() {
    let env = env(MemFs::new());
    let (wal, _) = open(&env, 0);
    let mut batches = Vec::new();
    for _ in 0..3 {
        batches.extend(fill(&wal, &[4]));
        wal.rotate().unwrap();
    }
    let mut left = files(&env);
    left.remove(1);
    left.push((Path::new(DIR).join("notes.txt"), b"hello".to_vec()));
    let (_, recovered) = open(&disk_of(&left), 0);
    assert_eq!(recovered.report().missing, [4..8]);
    assert_eq!(recovered_rows(recovered), [batches[0].clone(), batches[2].clone()].concat());

    // All content gone but not the names: seqs are not used twice, and names do not collide.
    let empty: Vec<_> = left.iter().map(|(path, _)| (path.clone(), Vec::new())).collect();
    let env = disk_of(&empty);
    let (wal, recovered) = open(&env, 0);
    assert_eq!((recovered.report().missing.clone(), wal.next_seq()), (vec![0..8], 8));
    fill(&wal, &[1]);

    let header = super::frame::Header { version: 2, mark: 1, first_seq: 0 }.encode();
    let env = disk_of(&[(Path::new(DIR).join("00000000000000000000.wal"), header)]);
    let error = Wal::open(&env, Path::new(DIR), 0, WalOptions::default()).unwrap_err().to_string();
    assert!(error.contains("has version 2"), "{error}");
}

#[test]
fn text_that_looks_like_a_frame_is_not_taken_for_one() {
    let env = env(MemFs::new());
    let (wal, _) = open(&env, 0);
    fill(&wal, &[1]);
    let frame = files(&env)[0].1[frame::HEADER_LEN..].to_vec();
    drop(wal);
    // The next opening draws another mark; the old frame, sent as text, is stored uncompressed and then damaged.
    let (wal, _) = open(&env, 0);
    let seq = wal.next_seq();
    let text = Batch { text: frame.clone(), ..Batch::default() };
    let mut sent = text;
    sent.records.push(gastrolog_types::NewRecord {
        start: 0,
        end: frame.len() as u32,
        attributes: 0,
        ingest: Timestamp(1),
        source: Timestamp::NONE,
    });
    sent.attributes.push(Attributes::default());
    wal.commit(wal.append(seq, &sent).unwrap()).unwrap();
    let mut damaged = files(&env);
    damaged[1].1[frame::HEADER_LEN + frame::MARK_FRAME_LEN + 12] ^= 1;
    let (_, recovered) = open(&disk_of(&damaged), 0);
    assert_eq!((recovered.report().damaged_places, recovered.report().missing_records), (1, 1));
    assert_eq!(recovered_rows(recovered).len(), 1);
}

#[test]
fn frames_that_are_there_twice_are_taken_once() {
    let env = env(MemFs::new());
    let (wal, _) = open(&env, 0);
    let all = fill(&wal, &[2, 3]).concat();
    let mut twice = files(&env);
    let frames = twice[0].1[frame::HEADER_LEN..].to_vec();
    twice[0].1.extend_from_slice(&frames);
    let mut copy = twice[0].clone();
    copy.0 = Path::new(DIR).join("00000000000000000003.wal");
    twice.push(copy);
    // A good segment at the end, so that nothing of it can be taken for torn.
    let next = frame::Header { version: 1, mark: 7, first_seq: 5 };
    let mut last = next.encode();
    Prepared::new(&batch(5, 1)).unwrap().put(7, 5, &mut last);
    twice.push((Path::new(DIR).join("00000000000000000005.wal"), last));
    let (_, recovered) = open(&disk_of(&twice), 0);
    assert!(recovered.report().damage.iter().any(|d| d.reason == "a frame repeats records"));
    assert_eq!(recovered_rows(recovered), [all, rows(5, &batch(5, 1))].concat());
}

fn any_batch() -> impl Strategy<Value = Batch> {
    let time = || prop_oneof![any::<i64>(), Just(i64::MIN), 0..10i64].prop_map(Timestamp);
    let set = prop::collection::vec(("[a-c]{0,2}", prop::collection::vec(any::<u8>(), 0..5)), 0..4);
    let record = (prop::collection::vec(any::<u8>(), 0..40), set, time(), time());
    prop::collection::vec(record, 0..FRAME_RECORDS_MAX).prop_map(|records| {
        let mut batch = Batch::default();
        for (text, set, ingest, source) in records {
            batch.push(&text, &Attributes::new(set), ingest, source);
        }
        batch
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_batch_comes_back_from_its_bytes(batch in any_batch(), from in 0usize..60, to in 0usize..60) {
        let from = from.min(batch.len());
        let range = from..to.clamp(from, batch.len());
        let mut bytes = Vec::new();
        encode_batch(&batch, range.clone(), &mut bytes).unwrap();
        let back = decode_batch(&bytes).unwrap();
        prop_assert_eq!(rows(range.start as u64, &back), &rows(0, &batch)[range]);
        let mut again = Vec::new();
        encode_batch(&back, 0..back.len(), &mut again).unwrap();
        prop_assert_eq!(&again, &bytes);
        // Cut or lengthened bytes are never a batch.
        for cut in 0..bytes.len() {
            prop_assert!(decode_batch(&bytes[..cut]).is_err());
        }
        bytes.push(0);
        prop_assert!(decode_batch(&bytes).is_err());
    }

    #[test]
    fn hostile_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300), small in prop::collection::vec(0u8..6, 0..60)) {
        let _ = decode_batch(&bytes);
        if let Ok(batch) = decode_batch(&small) {
            let mut again = Vec::new();
            encode_batch(&batch, 0..batch.len(), &mut again).unwrap();
        }
        let (_, recovered) = open(&disk_of(&[(Path::new(DIR).join("00000000000000000003.wal"), bytes)]), 0);
        prop_assert_eq!(recovered.count(), 0);
    }
}
