//! Resume tokens: where an answer stopped, so that a later request goes on behind it.
//!
//! A token holds the place of the last record that was returned (time and sequence number, which neither sealing nor
//! recompaction change), the moment that relative times were counted from, and a hash that ties it to its query. Hex
//! of: version u8, order u8, direction u8, time i64, seq u64, now i64, hash u64.

use gastrolog_exec::{Order, Place};
use gastrolog_query::Stage;
use gastrolog_types::Timestamp;

use crate::engine::or_default;
use crate::{EngineError, QueryRequest};

const VERSION: u8 = 1;

/// Where an answer stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resume {
    /// The last record that was returned.
    pub(crate) place: Place,
    /// What relative times of the query are counted from.
    pub(crate) now: Timestamp,
}

impl Resume {
    /// The token for an answer to `request` that stopped here.
    pub(crate) fn token(self, request: &QueryRequest) -> String {
        let mut bytes = vec![VERSION, order_number(request.order), u8::from(request.oldest_first)];
        bytes.extend_from_slice(&self.place.time.to_le_bytes());
        bytes.extend_from_slice(&self.place.seq.to_le_bytes());
        bytes.extend_from_slice(&self.now.0.to_le_bytes());
        let hash = hash(&bytes, request);
        bytes.extend_from_slice(&hash.to_le_bytes());
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Reads the token of `request`; `None` when it has none.
    pub(crate) fn read(request: &QueryRequest) -> Result<Option<Resume>, EngineError> {
        if request.resume.is_empty() {
            return Ok(None);
        }
        let bytes = unhex(&request.resume).ok_or_else(|| refused("it is not one: was it copied whole?"))?;
        let Some((&version, rest)) = bytes.split_first() else { return Err(refused("it is empty")) };
        if version != VERSION {
            return Err(refused(&format!("it is of version {version}, this is version {VERSION}")));
        }
        let numbers: Vec<[u8; 8]> = match rest.split_at_checked(2) {
            Some((_, numbers)) => numbers.as_chunks().0.to_vec(),
            None => Vec::new(),
        };
        let ([time, seq, now, said], 35) =
            (<[[u8; 8]; 4]>::try_from(numbers).map_err(|_| refused("it was not copied whole"))?, bytes.len())
        else {
            return Err(refused("it was not copied whole"));
        };
        if rest.first() != Some(&order_number(request.order)) {
            return Err(refused("it is of an answer in another order of time"));
        }
        if rest.get(1) != Some(&u8::from(request.oldest_first)) {
            return Err(refused("it is of an answer in the other direction (--oldest-first)"));
        }
        let hashed = bytes.get(..bytes.len() - 8).unwrap_or_default();
        if hash(hashed, request) != u64::from_le_bytes(said) {
            return Err(refused("it is of another query, store or time zone"));
        }
        let place = Place { time: i64::from_le_bytes(time), seq: u64::from_le_bytes(seq) };
        Ok(Some(Resume { place, now: Timestamp(i64::from_le_bytes(now)) }))
    }
}

fn refused(why: &str) -> EngineError {
    EngineError::Refused(format!("the resume token does not fit: {why}"))
}

fn order_number(order: Order) -> u8 {
    match order {
        Order::Source => 0,
        Order::Ingest => 1,
        Order::Write => 2,
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() > 256 || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    text.as_bytes().as_chunks::<2>().0.iter().map(|[h, l]| Some(digit(*h)? << 4 | digit(*l)?)).collect()
}

/// FNV-1a: it must be the same in every process and version, and guards against mistakes only.
fn hash(token: &[u8], request: &QueryRequest) -> u64 {
    let last = request.last_ms.map(u64::to_le_bytes);
    let parts = [
        token,
        request.query.as_bytes(),
        or_default(&request.store).as_bytes(),
        request.time_zone.as_bytes(),
        last.as_ref().map_or(&[], |l| l.as_slice()),
    ];
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let start = 0xcbf2_9ce4_8422_2325;
    parts.iter().fold(start, |hash, part| part.iter().chain([&0xff]).fold(hash, step))
}

/// Why an answer cannot be gone on with: a stage that has to see the rows before. `None`: it can be.
pub(crate) fn blocker(stages: &[Stage]) -> Option<&Stage> {
    stages.iter().find(|stage| {
        !matches!(
            stage,
            Stage::Where(_)
                | Stage::Eval(_)
                | Stage::Extract { .. }
                | Stage::Parse { .. }
                | Stage::Rename(_)
                | Stage::Sample(_)
                | Stage::Lookup { .. }
        )
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(query: &str) -> QueryRequest {
        QueryRequest { query: query.into(), ..QueryRequest::default() }
    }

    #[test]
    fn a_token_fits_its_query_only() {
        let resume = Resume { place: Place { time: -5, seq: 7 }, now: Timestamp(9) };
        let asked = request("a=1");
        let token = resume.token(&asked);
        let with = |r: QueryRequest| Resume::read(&QueryRequest { resume: token.clone(), ..r });
        assert_eq!(with(asked.clone()).unwrap(), Some(resume));
        assert_eq!(with(QueryRequest { store: "default".into(), ..asked.clone() }).unwrap(), Some(resume));
        assert_eq!(with(QueryRequest { limit: Some(3), ..asked.clone() }).unwrap(), Some(resume));
        let said = |r: QueryRequest| with(r).unwrap_err().to_string();
        assert!(said(request("a=2")).contains("another query"));
        assert!(said(QueryRequest { store: "b".into(), ..asked.clone() }).contains("another query"));
        assert!(said(QueryRequest { oldest_first: true, ..asked.clone() }).contains("direction"));
        assert!(said(QueryRequest { order: Order::Write, ..asked.clone() }).contains("order"));
        assert_eq!(Resume::read(&asked).unwrap(), None);
    }

    proptest! {
        #[test]
        fn no_other_text_is_taken(at in 0usize..70, with in "[0-9a-f]", cut in 0usize..70, junk in "\\PC{0,80}") {
            let asked = request("x");
            let token = Resume { place: Place { time: 3, seq: 4 }, now: Timestamp(5) }.token(&asked);
            let mut other = token.clone();
            other.replace_range(at..=at, &with);
            for text in [other, token[..cut].to_owned(), junk] {
                let taken = Resume::read(&QueryRequest { resume: text.clone(), ..asked.clone() });
                prop_assert!(text == token || text.is_empty() || taken.is_err(), "{text}");
            }
        }
    }
}
