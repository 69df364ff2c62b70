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
