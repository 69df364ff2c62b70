//! Messages in chunks: any order, repeats, losses, and what hostile ones may take.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use gastrolog_receiver_gelf::{Assembler, ChunkLimits, Taken};
use proptest::prelude::*;

fn peer(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn chunk(id: u8, number: u8, count: u8, part: &[u8]) -> Vec<u8> {
    [&[0x1e, 0x0f], &[id; 8][..], &[number, count], part].concat()
}

#[test]
fn what_is_no_chunk_is_said() {
    let mut all = Assembler::new(ChunkLimits::default());
    let now = Instant::now();
    assert_eq!(all.take(b"{}", peer(1), now), Taken::Whole);
    assert_eq!(all.take(b"", peer(1), now), Taken::Whole);
    for bad in [
        &[0x1e, 0x0f][..],
        &chunk(1, 0, 1, b"")[..11],
        &chunk(1, 0, 0, b"x"),
        &chunk(1, 2, 2, b"x"),
        &chunk(1, 0, 129, b"x"),
    ] {
        assert!(matches!(all.take(bad, peer(1), now), Taken::Malformed(_)), "{bad:?}");
    }
    assert_eq!(all.take(&chunk(1, 0, 2, b"x"), peer(1), now), Taken::Kept);
    assert!(matches!(all.take(&chunk(1, 1, 3, b"x"), peer(1), now), Taken::Malformed(_)));
    // The same id of another sender is another message.
    assert_eq!(all.take(&chunk(1, 1, 2, b"y"), peer(2), now), Taken::Kept);
    assert_eq!(all.take(&chunk(1, 1, 2, b"y"), peer(1), now), Taken::Complete(b"xy".to_vec()));
    assert_eq!(all.waiting(), 1);
}

#[test]
fn what_is_late_is_given_up_and_counted() {
    let mut all = Assembler::new(ChunkLimits::default());
    let begun = Instant::now();
    let after = |ms| begun + Duration::from_millis(ms);
    all.take(&chunk(1, 0, 2, b"x"), peer(1), begun);
    all.take(&chunk(2, 0, 2, b"x"), peer(1), after(1000));
    assert_eq!(all.given_up(after(4999)), 0);
    assert_eq!(all.take(&chunk(1, 1, 2, b"y"), peer(1), after(5000)), Taken::Kept);
    assert_eq!(all.given_up(after(5000)), 1);
    assert_eq!(all.take(&chunk(2, 1, 2, b"y"), peer(1), after(5999)), Taken::Complete(b"xy".to_vec()));
    assert_eq!(all.given_up(after(60_000)), 1);
    assert_eq!(all.waiting(), 0);
}

#[test]
fn a_flood_of_first_chunks_costs_no_more_than_the_limits() {
    let limits = ChunkLimits { messages_max: 10, bytes_max: 1000, ..ChunkLimits::default() };
    let mut all = Assembler::new(limits);
    let now = Instant::now();
    for i in 0..1000u16 {
        all.take(&chunk(1, 0, 128, &[b'x'; 200]), peer(i), now);
        assert!(all.waiting() <= 5, "{}", all.waiting());
    }
    assert!(all.given_up(now) >= 995);
    for i in 0..1000u16 {
        all.take(&chunk(1, 0, 128, b""), peer(i), now);
        assert!(all.waiting() <= 10);
    }
}

proptest! {
    #[test]
    fn comes_back_in_any_order_with_repeats(
        messages in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 1..2000), 1usize..300), 1..5),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..200),
    ) {
        let mut chunks = Vec::new();
        for (id, (message, size)) in messages.iter().enumerate() {
            let parts: Vec<&[u8]> = message.chunks((*size).max(message.len().div_ceil(128))).collect();
            for (number, part) in parts.iter().enumerate() {
                chunks.push((id, chunk(id as u8, number as u8, parts.len() as u8, part)));
            }
        }
        for (to, from) in order.iter().enumerate() {
            let from = from.index(chunks.len());
            chunks.swap(to % messages.len(), from);
        }
        let mut all = Assembler::new(ChunkLimits::default());
        let now = Instant::now();
        let mut complete = vec![0; messages.len()];
        for (id, chunk) in &chunks {
            if let Taken::Complete(message) = all.take(chunk, peer(1), now) {
                prop_assert_eq!(&message, &messages[*id].0);
                complete[*id] += 1;
            } else if complete[*id] == 0 {
                // A repeat before the message is complete changes nothing.
                prop_assert_eq!(all.take(chunk, peer(1), now), Taken::Kept);
            }
        }
        prop_assert_eq!(complete, vec![1; messages.len()]);
        prop_assert_eq!(all.waiting(), 0);
    }

    #[test]
    fn hostile_datagrams_do_not_panic(datagrams in proptest::collection::vec(proptest::collection::vec(0u8..4, 0..20), 0..100)) {
        let mut all = Assembler::new(ChunkLimits { messages_max: 3, bytes_max: 100, time: Duration::from_secs(5) });
        for rest in datagrams {
            all.take(&[&[0x1e, 0x0f][..], &rest].concat(), peer(1), Instant::now());
            prop_assert!(all.waiting() <= 3);
        }
    }
}
