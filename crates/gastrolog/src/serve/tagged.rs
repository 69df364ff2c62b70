//! Attributes that the configuration gives to all records of a receiver.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::bail;
use gastrolog_ingest::{Accepted, Sink, SinkError};
use gastrolog_types::{Attributes, Batch};

/// As many, and as long, as HTTP takes.
const PAIRS_MAX: usize = 32;
const BYTES_MAX: usize = 1024;

/// Attributes as the configuration has them.
pub(crate) type Extra = BTreeMap<String, String>;

/// Says which of them no record can have.
pub(crate) fn check(extra: &Extra) -> anyhow::Result<()> {
    if extra.len() > PAIRS_MAX {
        bail!("`attributes` are more than {PAIRS_MAX}");
    }
    for (name, value) in extra {
        if name.is_empty() || name.len() > BYTES_MAX || value.len() > BYTES_MAX {
            bail!("`attributes`: {name:?} is empty, or it or its value is longer than {BYTES_MAX} bytes");
        }
        // What the receiver says of a record must not be said by others.
        if ["receiver", "peer", "file", "parse_error", "truncated"].contains(&name.as_str()) {
            bail!("`attributes`: {name:?} is what receivers say of a record");
        }
    }
    Ok(())
}

/// `sink`, which gets records with these attributes too. What a record has by itself stays.
pub(super) fn tagged(sink: Arc<dyn Sink>, extra: &Extra) -> Arc<dyn Sink> {
    if extra.is_empty() { sink } else { Arc::new(Tagged { sink, extra: extra.clone() }) }
}

struct Tagged {
    sink: Arc<dyn Sink>,
    extra: Extra,
}

impl Tagged {
    fn set(&self, own: &Attributes) -> Attributes {
        let is_own = |name: &str| own.iter().any(|(n, _)| n == name);
        let more = self.extra.iter().filter(|(name, _)| !is_own(name));
        let more = more.map(|(name, value)| (name.as_str(), value.as_bytes()));
        Attributes::new(own.iter().chain(more))
    }
}

impl Sink for Tagged {
    fn append(&self, mut batch: Batch) -> Result<Accepted, SinkError> {
        batch.attributes.iter_mut().for_each(|set| *set = self.set(set));
        self.sink.append(batch)
    }
}

#[cfg(test)]
mod tests {
    use gastrolog_ingest::testing::MemorySink;
    use gastrolog_types::Timestamp;

    use super::*;

    fn extra(pairs: &[(&str, &str)]) -> Extra {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn records_have_them_beside_their_own() {
        let store = Arc::new(MemorySink::new());
        let sink = tagged(store.clone(), &extra(&[("site", "berlin"), ("tag", "of the configuration")]));
        let mut batch = Batch::default();
        for own in [("receiver", "in"), ("tag", "own")] {
            batch.push(b"x", &Attributes::new([(own.0, own.1.as_bytes())]), Timestamp(1), Timestamp::NONE);
        }
        assert_eq!(sink.append(batch).unwrap().count, 2);
        let shown = |i: usize| -> Vec<(String, String)> {
            let records = store.records();
            let pair = |(n, v): (&str, &[u8])| (n.to_owned(), String::from_utf8_lossy(v).into_owned());
            let mut pairs: Vec<_> = records[i].attributes.iter().map(pair).collect();
            pairs.sort();
            pairs
        };
        let pair = |(n, v): (&str, &str)| (n.to_owned(), v.to_owned());
        assert_eq!(
            shown(0),
            [("receiver", "in"), ("site", "berlin"), ("tag", "of the configuration")].map(pair)
        );
        assert_eq!(shown(1), [("site", "berlin"), ("tag", "own")].map(pair));
    }

    #[test]
    fn what_no_record_can_have_is_refused() {
        assert!(check(&extra(&[("site", "berlin")])).is_ok());
        for (name, value) in [("peer", "x"), ("", "x"), ("a", "v".repeat(1025).as_str())] {
            assert!(check(&extra(&[(name, value)])).is_err(), "{name}");
        }
        assert!(check(&(0..33).map(|i| (i.to_string(), String::new())).collect()).is_err());
    }
}
