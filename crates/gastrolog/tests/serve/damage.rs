//! Bits that flip: each is found, none makes a wrong answer, and an answer that lacks something says so.

use std::path::Path;

use crate::support::{Dice, EVERYTHING, Place, number, parts};

/// Places in a chunk file where a byte is changed, unless `GASTROLOG_FLIPS` says otherwise.
const FLIPS: u64 = 40;

/// Lines of a row group.
const LINES: usize = 2200;

/// Three row groups in one sealed chunk: each body is large enough to become one of its own.
fn store() -> (Place, Vec<Vec<u8>>) {
    let (place, mut dice) = (Place::new(), Dice(5));
    let serving = place.serve();
    let mut lines = Vec::new();
    for group in 0..3 {
        let from = lines.len();
        lines.extend((0..LINES).map(|i| line(group, i, &mut dice)));
        serving.send(&lines[from..].join(&b'\n'));
    }
    place.ok(&["seal"]);
    serving.stop();
    assert_eq!(place.chunks().len(), 1);
    (place, lines)
}

fn line(group: usize, i: usize, dice: &mut Dice) -> Vec<u8> {
    let (id, noise) = (dice.below(1 << 50), "lorem ipsum dolor ".repeat(110));
    match i % 3 {
        0 => format!("level=warn group={group} i={i} id=k{id:x} msg=\"{noise}\""),
        1 => format!(r#"{{"level":"info","group":{group},"i":{i},"id":"k{id:x}","msg":"{noise}"}}"#),
        _ => format!("group {group} i {i} id k{id:x} {noise}"),
    }
    .into_bytes()
}

/// `shown` are lines of `all`, in their order, none made up; returns how many are missing.
fn missing(shown: &[u8], all: &[Vec<u8>], when: &str) -> usize {
    let mut rest = all.iter();
    let mut count = 0;
    for line in shown.split_inclusive(|&b| b == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        assert!(
            rest.any(|l| l == text),
            "{when}: a wrong row, or one out of order: {}",
            String::from_utf8_lossy(&text[..text.len().min(200)])
        );
        count += 1;
    }
    all.len() - count
}

/// Where to change a byte: at both ends each, and all over the file.
fn places(len: usize) -> Vec<usize> {
    let mut dice = Dice(11);
    let ends = [0, 9, 20, 41, 44, 50, 60, len - 1, len - 5, len - 9, len - 20, len - 60];
    let flips = number("GASTROLOG_FLIPS", FLIPS) as usize;
    let step = len / (flips - ends.len());
    let over = (0..flips - ends.len()).map(|i| i * step + dice.below(step as u64) as usize);
    ends.into_iter().chain(over).collect()
}

/// One damaged store: every question is answered rightly, or the answer says that it lacks something.
fn ask_all(place: &Place, lines: &[Vec<u8>], file: &Path, when: &str) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let (code, problems, said) = parts(&place.run(&["verify"]));
    assert_eq!(code, 2, "{when}: verify finds nothing");
    assert!(problems.contains(name), "{when}: verify does not name the file: {problems}{said}");

    let out = place.run(&EVERYTHING);
    let lacks = missing(&out.stdout, lines, when);
    let (code, _, said) = parts(&out);
    assert!(lacks == 0 || code == 2 && said.contains(name), "{when}: {lacks} rows lack, {code}, {said}");
    assert!(lacks <= LINES, "{when}: {lacks} rows lack, more than one row group");
    assert!((0..=2).contains(&code), "{when}: {code}: {said}");

    for n in [3, LINES + 4, 2 * LINES + 5] {
        let text = &lines[n];
        let at = text.windows(2).position(|w| w[0] == b'k' && w[1].is_ascii_hexdigit()).unwrap();
        let id = text[at..].split(|b| !b.is_ascii_alphanumeric()).next().unwrap();
        let id = std::str::from_utf8(id).unwrap();
        let (code, shown, said) = parts(&place.run(&["query", id]));
        let whole = shown.as_bytes().strip_suffix(b"\n") == Some(text);
        assert!(whole || shown.is_empty() && code == 2, "{when}: {id}: {code}, {shown}, {said}");
    }
    let (code, shown, said) = parts(&place.run(&["query", "level=warn | stats count() by group"]));
    let whole = (0..3).all(|g| shown.lines().any(|l| l == format!("{g}\t{}", LINES.div_ceil(3))));
    assert!(code == 2 || code == 0 && whole, "{when}: {code}, {shown}, {said}");
}

#[test]
fn no_flipped_byte_of_a_chunk_makes_a_wrong_answer() {
    let (place, lines) = store();
    assert_eq!(missing(&place.everything(), &lines, "undamaged"), 0);
    assert_eq!(parts(&place.run(&["verify"])).0, 0);
    let file = place.chunks().remove(0);
    let good = std::fs::read(&file).unwrap();
    let mut dice = Dice(3);
    for at in places(good.len()) {
        let mut bad = good.clone();
        let bit = dice.below(8);
        bad[at] ^= 1 << bit;
        std::fs::write(&file, &bad).unwrap();
        ask_all(&place, &lines, &file, &format!("bit {bit} of byte {at} of {}", good.len()));
    }
    std::fs::write(&file, &good).unwrap();
    assert_eq!(parts(&place.run(&["verify"])).0, 0);
}

#[test]
fn a_server_opens_a_damaged_chunk_and_contains_the_damage() {
    let (place, mut lines) = store();
    let file = place.chunks().remove(0);
    let good = std::fs::read(&file).unwrap();
    for at in [good.len() / 6, good.len() / 2, good.len() - 30] {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(&file, &bad).unwrap();
        let serving = place.serve();
        ask_all(&place, &lines, &file, &format!("served, byte {at} of {}", good.len()));
        let new = format!("new{at} records are taken");
        serving.send(new.as_bytes());
        assert_eq!(place.run(&["query", &format!("new{at}")]).stdout, format!("{new}\n").as_bytes());
        lines.push(new.into_bytes());
        serving.stop();
        assert_eq!(std::fs::read(&file).unwrap(), bad, "a sealed chunk is never written to");
    }
}

#[test]
fn a_lost_or_torn_catalog_is_made_again() {
    let (place, lines) = store();
    let catalog = place.store().join("catalog");
    let good = std::fs::read(&catalog).unwrap();
    let half = good[..good.len() / 2].to_vec();
    let mut flipped = good.clone();
    flipped[30] ^= 4;
    for bad in [None, Some(Vec::new()), Some(half), Some(flipped)] {
        match &bad {
            None => std::fs::remove_file(&catalog).unwrap(),
            Some(bytes) => std::fs::write(&catalog, bytes).unwrap(),
        }
        let shown = bad.map_or("none".to_owned(), |b| format!("{} bytes", b.len()));
        let when = format!("catalog of {shown}");
        // Nothing is lost, whoever reads; a server writes it anew.
        let read = place.run(&EVERYTHING);
        assert_eq!((missing(&read.stdout, &lines, &when), read.status.code()), (0, Some(0)), "{when}");
        place.serve().stop();
        assert_eq!(std::fs::read(&catalog).unwrap(), good, "{when}");
        assert_eq!(parts(&place.run(&["verify"])).0, 0, "{when}");
    }
}

#[test]
fn no_flipped_byte_of_the_log_makes_a_wrong_row() {
    let place = Place::new();
    let serving = place.serve();
    let mut lines = Vec::new();
    for batch in 0..20 {
        let new: Vec<Vec<u8>> =
            (0..30).map(|i| format!("batch={batch} i={i} some words").into_bytes()).collect();
        serving.send(&new.join(&b'\n'));
        lines.extend(new);
    }
    serving.kill();
    let wal = std::fs::read_dir(place.store().join("wal")).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&wal).unwrap();
    let used = good.iter().rposition(|&b| b != 0).unwrap();
    let mut dice = Dice(17);
    for i in 0..24 {
        let at = i * used / 24 + dice.below(used as u64 / 24) as usize;
        let mut bad = good.clone();
        bad[at] ^= 1 << dice.below(8);
        std::fs::write(&wal, &bad).unwrap();
        let when = format!("byte {at} of {used} of the log");
        let out = place.run(&EVERYTHING);
        let lacks = missing(&out.stdout, &lines, &when);
        let (code, _, said) = parts(&out);
        // A write that a crash cut off looks like damage to the last frame, and was never acknowledged: it is no
        // damage, here too.
        let is_torn_end = out.stdout == [&lines[..lines.len() - 30].join(&b'\n'), &b"\n"[..]].concat();
        assert!(
            lacks == 0 || is_torn_end || code == 2,
            "{when}: {lacks} rows lack and nobody says so: {said}"
        );
        assert!(lacks <= 30, "{when}: {lacks} rows lack");
    }
}
