//! What is read of sealed chunks is kept while there is room.

use gastrolog_env::ManualClock;

use super::*;

/// A store of nine sealed chunks and a growing one that may keep the footers of about four.
fn store_of_ten() -> Arc<Store> {
    // Time stands still, so that nothing is forgotten but where the tests say so.
    let env = Env { clock: Arc::new(ManualClock::new(Timestamp(0))), ..env(MemFs::new()) };
    let store = open(&env);
    for i in 0..9 {
        append(&store, 5 * i, 5);
        store.seal().unwrap();
    }
    append(&store, 45, 5);
    store.flush().unwrap();
    let chunk = store.snapshot().chunks[0].clone();
    chunk.footer().unwrap();
    let footers_bytes = chunk.held_bytes() * 9 / 2;
    drop(store);
    Store::open(env, Path::new(DIR), StoreOptions { footers_bytes, ..options() }, Arc::new(TextEncoder))
        .unwrap()
}

/// Which chunks of the store have something read.
fn held(store: &Store) -> Vec<bool> {
    store.snapshot().chunks.iter().map(|chunk| chunk.held_bytes() > 0).collect()
}

#[test]
fn no_more_is_kept_than_there_is_room_for_and_answers_stay() {
    let store = store_of_ten();
    let snapshot = store.snapshot();
    assert_eq!(texts_of(&store), texts(0, 50));
    assert_eq!(held(&store).iter().filter(|h| **h).count(), 9);
    store.maintain().unwrap();
    assert!(held(&store).iter().filter(|h| **h).count() <= 4, "{:?}", held(&store));
    // A query that was at work keeps what it had; the next reads again.
    assert!(snapshot.chunks[..9].iter().all(|chunk| chunk.held_bytes() > 0));
    assert_eq!(rows(&snapshot).len(), 50);
    assert_eq!(texts_of(&store), texts(0, 50));
}

#[test]
fn what_is_asked_again_stays() {
    let store = store_of_ten();
    texts_of(&store);
    store.maintain().unwrap();
    // It went by age, as all were asked; those that are left were not asked since.
    assert_eq!(held(&store)[..9], [[false; 6].as_slice(), &[true; 3]].concat());
    for chunk in &store.snapshot().chunks[..3] {
        chunk.footer().unwrap();
    }
    store.maintain().unwrap();
    assert_eq!(held(&store)[..9], [[true; 3].as_slice(), &[false; 6]].concat());
}
