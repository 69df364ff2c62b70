//! What goes into a row group comes out of it: text, attributes, times, and fields as the text alone gives them.

#![expect(clippy::unwrap_used, reason = "a helper of tests may fail as a test does")]

mod footer;
mod generate;
mod hostile;
mod splice;

use gastrolog_format::Compressor;
use gastrolog_format::row_group::{EncodedRowGroup, Header};
use gastrolog_index::{Caps, Indexer, Pipeline, RangeSet, RowGroupBuilder, source_time};
use gastrolog_types::{Attributes, Batch, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use splice::{Decoded, Pair};

fn pipeline() -> Pipeline {
    let indexers: Vec<Box<dyn Indexer>> = vec![
        Box::new(gastrolog_indexer_json::JsonIndexer),
        Box::new(gastrolog_indexer_syslog::Syslog),
        Box::new(gastrolog_indexer_apache::Apache),
        Box::new(gastrolog_indexer_logfmt::LogfmtIndexer),
        Box::new(gastrolog_indexer_kv::KvIndexer),
        Box::new(gastrolog_indexer_token::Token),
    ];
    Pipeline::new(indexers)
}

/// A record as it is given to the builder.
#[derive(Clone)]
struct Given {
    text: Vec<u8>,
    attributes: Attributes,
    ingest: Timestamp,
    source: Timestamp,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.text.escape_ascii())
    }
}

fn batches(given: &[Given], per_batch: usize) -> Vec<Batch> {
    let batch = |part: &[Given]| {
        let mut batch = Batch::default();
        part.iter().for_each(|g| batch.push(&g.text, &g.attributes, g.ingest, g.source));
        batch
    };
    given.chunks(per_batch).map(batch).collect()
}

fn encode(pipeline: &Pipeline, batches: &[Batch], indexers: u64, caps: Caps) -> EncodedRowGroup {
    let mut builder = RowGroupBuilder::new(pipeline, indexers, caps);
    batches.iter().for_each(|b| assert_eq!(builder.push(b), b.len()));
    builder.finish(77, &mut Compressor::new(3))
}

/// The fields of a text, sorted.
fn fields_of(pipeline: &Pipeline, text: &[u8], ranges: &mut RangeSet) -> Vec<Pair> {
    let mut fields = Vec::new();
    pipeline.any_field(text, ranges, &mut |name, value| {
        fields.push((name.to_owned(), value.to_vec()));
        false
    });
    fields.sort();
    fields
}

fn given() -> impl Strategy<Value = Vec<Given>> {
    let set = vec(generate::attributes(), 1..4);
    (generate::records(), set, any::<u64>(), any::<bool>()).prop_map(|(texts, sets, seed, from_sender)| {
        let given = |(i, text): (usize, Vec<u8>)| {
            let mix = (seed ^ i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let source =
                if from_sender && mix >> 62 == 0 { Timestamp(mix as i64 >> 8) } else { Timestamp::NONE };
            let ingest = Timestamp(1_795_000_000_000_000_000 + (mix >> 30) as i64);
            Given { text, attributes: sets[(mix >> 50) as usize % sets.len()].clone(), ingest, source }
        };
        texts.into_iter().enumerate().map(given).collect()
    })
}

fn caps() -> impl Strategy<Value = Caps> {
    prop_oneof![
        Just(Caps::default()),
        Just(Caps { columns: 8, shapes: 3 }),
        Just(Caps { columns: 0, shapes: 0 }),
        Just(Caps { columns: 40, shapes: 100 })
    ]
}

fn check(given: &[Given], per_batch: usize, indexers: u64, caps: Caps) {
    let pipeline = pipeline();
    let encoded = encode(&pipeline, &batches(given, per_batch), indexers, caps);
    let decoded = Decoded::read(&encoded.bytes).unwrap();
    assert_eq!(Header::read(&encoded.bytes).unwrap(), (encoded.header.clone(), encoded.bytes.len()));
    assert_eq!((decoded.header.rows as usize, decoded.header.first_seq), (given.len(), 77));
    let records = decoded.records();
    let mut ranges = RangeSet::default();
    for (got, want) in records.iter().zip(given) {
        let shown = String::from_utf8_lossy(&want.text);
        assert_eq!(got.text, want.text, "{shown}");
        let attributes: Vec<Pair> = want.attributes.iter().map(|(n, v)| (n.to_owned(), v.to_vec())).collect();
        assert_eq!(got.attributes, attributes, "{shown}");
        let fields = fields_of(&pipeline, &want.text, &mut ranges);
        if got.parsed {
            assert_eq!(got.fields, fields, "{shown}");
        }
        let source = want.source.or(source_time(&want.text, ranges.spans(), want.ingest));
        assert_eq!((got.ingest, got.source), (want.ingest, source), "{shown}");
    }
    let unparsed = records.iter().filter(|r| !r.parsed).count();
    assert_eq!(decoded.header.unparsed_rows as usize, unparsed);
    if indexers == u64::MAX && caps.columns == Caps::default().columns {
        assert_eq!(unparsed, 0, "nothing is in the way of parsing");
    }
    footer::check(&encoded, &decoded, &records);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn records_come_back(
        given in given(),
        per_batch in 1usize..50,
        indexers in prop_oneof![Just(u64::MAX), any::<u64>()],
        caps in caps(),
    ) {
        check(&given, per_batch, indexers, caps);
    }
}

#[test]
fn an_empty_row_group_comes_back() {
    check(&[], 1, u64::MAX, Caps::default());
}

fn lines(texts: &[&str]) -> Vec<Given> {
    let given = |text: &&str| Given {
        text: text.as_bytes().to_vec(),
        attributes: Attributes::default(),
        ingest: Timestamp(1_795_000_000_000_000_000),
        source: Timestamp::NONE,
    };
    texts.iter().map(given).collect()
}

#[test]
fn the_key_of_an_empty_value_at_the_end_of_another_is_its_own() {
    check(&lines(&["<0>1 - - - - - - 0=", "<0>1 - - - - - - 1="]), 1, u64::MAX, Caps::default());
}

#[test]
fn a_value_without_a_name_is_no_field() {
    check(&lines(&[r#"{"":1,"a":{"":[]}}"#, r#"{"":"k=v"}"#]), 2, u64::MAX, Caps::default());
}
