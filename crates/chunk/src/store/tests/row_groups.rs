//! How large row groups become.

use super::*;

/// The records of each row group of a store that got one batch.
fn row_groups_of(records: usize) -> Vec<u32> {
    let options = StoreOptions {
        row_group_bytes: 30_000,
        direct_bytes: 1000,
        seal: SealPolicy::default(),
        ..options()
    };
    let store = Store::open(env(MemFs::new()), Path::new(DIR), options, Arc::new(TextEncoder)).unwrap();
    store.append(batch(&vec![[b'x'; 1000]; records])).unwrap();
    let snapshot = store.snapshot();
    assert_eq!(snapshot.pending.len(), 0, "it went straight to a chunk");
    let groups = snapshot.chunks.iter().flat_map(|c| c.row_groups().unwrap().iter().map(|g| g.entry.rows));
    groups.collect()
}

#[test]
fn a_batch_a_little_over_leaves_no_crumb_behind() {
    // A batch of all sizes from one row group to nine.
    for records in 20..400 {
        let groups = row_groups_of(records);
        assert_eq!(groups.iter().sum::<u32>() as usize, records);
        let (least, most) = (groups.iter().min().unwrap(), groups.iter().max().unwrap());
        assert!(groups.len() == 1 || *least * 2 > *most, "{records} records: {groups:?}");
    }
}

#[test]
fn a_header_that_was_let_go_of_is_read_again() {
    let store = open(&env(MemFs::new()));
    store.append(batch(&vec![[b'x'; 100]; 50])).unwrap();
    let snapshot = store.snapshot();
    let group = &snapshot.chunks[0].row_groups().unwrap()[0];
    let (header, rows) = (group.header().unwrap(), rows_of(group).unwrap());
    group.let_go_of_header();
    assert!(!Arc::ptr_eq(&group.header().unwrap(), &header), "it was read again");
    group.let_go_of_header();
    assert_eq!(rows_of(group).unwrap(), rows);
    assert_eq!(group.header().unwrap(), header);
}

#[test]
fn an_encoder_may_make_several_of_what_it_is_given() {
    let env = env(MemFs::new());
    let store = Store::open(env.clone(), Path::new(DIR), options(), Arc::new(Fives)).unwrap();
    // By the log, and straight to a chunk.
    append(&store, 0, 12);
    append(&store, 12, 90);
    store.seal().unwrap();
    append(&store, 102, 7);
    store.seal().unwrap();
    let all: Vec<(Seq, Vec<u8>)> =
        texts(0, 109).into_iter().enumerate().map(|(i, t)| (i as Seq, t)).collect();
    let most = |store: &Store| {
        let groups =
            store.snapshot().chunks.iter().flat_map(|c| c.row_groups().unwrap().to_vec()).collect::<Vec<_>>();
        groups.iter().map(|group| group.entry.rows).max()
    };
    assert_eq!((rows(&store.snapshot()), most(&store)), (all.clone(), Some(5)));
    while let Recompaction::Done(_) = super::recompact::recompact_next_by(&store, &Fives).unwrap() {}
    assert_eq!((rows(&store.snapshot()), most(&store)), (all.clone(), Some(5)));
    store.close();
    assert_eq!(rows(&open(&env).snapshot()), all);
}

/// Leaves out the last row group, or the first.
struct Forgetful(bool);

impl Encoder for Forgetful {
    fn encode(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        let mut groups = Fives.encode(records);
        drop(if self.0 { groups.pop() } else { Some(groups.remove(0)) });
        groups
    }

    fn encode_as_text(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        self.encode(records)
    }
}

#[test]
fn an_encoder_that_leaves_records_out_is_not_believed() {
    for last in [true, false] {
        let env = env(MemFs::new());
        let store = Store::open(env.clone(), Path::new(DIR), options(), Arc::new(Forgetful(last))).unwrap();
        append(&store, 0, 12);
        let error = store.flush().unwrap_err().to_string();
        assert!(error.contains("other records than it was given"), "{error}");
        drop(store);
        assert_eq!(texts_of(&open(&env)), texts(0, 12));
    }
}

/// Makes row groups that cannot be read or are of something else, and as text none of more than some records.
struct Broken {
    breaks: fn(&mut (EncodedRowGroup, Shapes)),
    text_rows_max: usize,
}

impl Encoder for Broken {
    fn encode(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        let mut groups = TextEncoder.encode(records);
        groups.iter_mut().for_each(self.breaks);
        groups
    }

    fn encode_as_text(&self, records: &[Pending]) -> Vec<(EncodedRowGroup, Shapes)> {
        let rows: usize = records.iter().map(|p| p.range.len()).sum();
        if rows > self.text_rows_max { self.encode(records) } else { TextEncoder.encode(records) }
    }
}

/// Row groups that a reader refuses, each for another reason.
const BREAKS: [fn(&mut (EncodedRowGroup, Shapes)); 5] = [
    |(group, _)| *group.bytes.last_mut().unwrap() ^= 1,
    |(group, _)| group.bytes[30] ^= 1,
    |(group, _)| group.bytes.truncate(group.bytes.len() - 1),
    |(group, _)| group.header.raw_bytes += 1,
    |(_, shapes)| drop(shapes.shapes.pop()),
];

#[test]
fn what_cannot_be_read_is_written_as_text_before_the_log_forgets_it() {
    for (breaks, text_rows_max) in BREAKS.into_iter().zip([100, 7, 1, 2, 3]) {
        let env = env(MemFs::new());
        let encoder = Arc::new(Broken { breaks, text_rows_max });
        let store = Store::open(env.clone(), Path::new(DIR), options(), encoder).unwrap();
        append(&store, 0, 12);
        append(&store, 12, 90);
        store.seal().unwrap();
        let stats = store.stats();
        let said = stats.last_failure.unwrap_or_default();
        assert!(stats.failures > 0 && said.ends_with("; written as text"), "{said}");
        store.close();
        assert_eq!(texts_of(&open(&env)), texts(0, 102));
    }
}

#[test]
fn what_cannot_be_written_at_all_stays_in_the_log() {
    for breaks in BREAKS {
        let env = env(MemFs::new());
        let encoder = Arc::new(Broken { breaks, text_rows_max: 0 });
        let store = Store::open(env.clone(), Path::new(DIR), options(), encoder).unwrap();
        append(&store, 0, 12);
        store.flush().unwrap_err();
        assert_eq!(texts_of(&store), texts(0, 12));
        drop(store);
        assert_eq!(texts_of(&open(&env)), texts(0, 12));
    }
}
