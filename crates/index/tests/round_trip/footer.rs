//! What the footer says of fields is what a count of all records says.

use std::collections::BTreeMap;

use gastrolog_format::row_group::EncodedRowGroup;
use gastrolog_format::{Compressor, Footer, FooterBudget};

use crate::splice::{Decoded, Spliced};

#[derive(Default)]
struct Counted {
    values: u64,
    several: bool,
    counts: BTreeMap<Vec<u8>, u64>,
}

fn count(records: &[Spliced]) -> BTreeMap<String, Counted> {
    let mut fields: BTreeMap<String, Counted> = BTreeMap::new();
    for record in records {
        let mut in_record: BTreeMap<&str, u64> = BTreeMap::new();
        let named = record.raw.iter().chain(&record.attributes).filter(|(name, _)| !name.is_empty());
        for (name, value) in named {
            let field = fields.entry(name.clone()).or_default();
            field.values += 1;
            *field.counts.entry(value.clone()).or_default() += 1;
            let n = in_record.entry(name).or_default();
            *n += 1;
            field.several |= *n > 1;
        }
    }
    fields
}

pub(crate) fn check(encoded: &EncodedRowGroup, decoded: &Decoded, records: &[Spliced]) {
    let mut footer = Footer::new();
    let twice = [44, 44 + encoded.bytes.len() as u64];
    for offset in twice {
        footer.add(encoded, &decoded.shapes, offset, FooterBudget::default());
    }
    assert_eq!(footer.rows(), 2 * records.len() as u64);
    assert_eq!(footer.raw_bytes(), 2 * records.iter().map(|r| r.text.len() as u64).sum::<u64>());
    assert_eq!(footer.fields_complete, records.iter().all(|r| r.parsed));
    let counted = count(records);
    for (name, want) in &counted {
        let got = &footer.fields[name];
        assert_eq!(got.values, 2 * want.values, "{name}");
        assert!(got.several || !want.several, "{name} has several values in a record");
        if let Some(counts) = &got.counts {
            let want: Vec<(Vec<u8>, u64)> = want.counts.iter().map(|(v, n)| (v.clone(), 2 * n)).collect();
            assert_eq!(counts, &want, "{name}");
        }
        if let Some(range) = got.int_range {
            let int = |v: &Vec<u8>| std::str::from_utf8(v).unwrap().parse::<i64>().unwrap();
            let ints = || want.counts.keys().map(int);
            assert_eq!(Some(range), ints().min().zip(ints().max()), "{name}");
        }
    }
    let composite = |name: &String| decoded.header.composites.contains(name);
    for (name, stats) in footer.fields.iter().filter(|(name, _)| !counted.contains_key(*name)) {
        assert!(composite(name) && stats.counts.is_none() && stats.several, "{name} is in no record");
    }
    let mut file = vec![0; twice[1] as usize + encoded.bytes.len()];
    footer.put(&mut Compressor::new(3), &mut file);
    assert_eq!(Footer::read(&file).unwrap().unwrap().0, footer);
}
