//! Which rows have each value of a dictionary, so that a value costs its own rows and not a look at each row. Made when a
//! column is asked a second time, of columns that are decoded.

use gastrolog_format::Ids;

use crate::bits::Bits;

/// A value that more than one of so many rows have takes a bit of each row: no more than its rows one by one would.
const ROWS_A_HIT: usize = 32;

/// The rows of each value.
#[derive(Debug)]
pub(crate) struct Postings {
    rows: usize,
    /// By value: of one that few rows have, where its rows begin and end in `few`; of others, its place in `many`.
    values: Vec<Place>,
    few: Vec<u32>,
    many: Vec<Bits>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Few { start: u32, end: u32 },
    Many(u32),
}

impl Postings {
    /// Of a dictionary of `values` values; `None` where ids are so large that the rows are not read at once anyway.
    pub(crate) fn of(ids: &Ids, values: usize) -> Option<Postings> {
        let Ids::U8(ids) = ids else { return None };
        let mut counts = [0u32; 256];
        ids.iter().for_each(|&id| counts[id as usize] += 1);
        let mut made = Postings { rows: ids.len(), values: Vec::new(), few: Vec::new(), many: Vec::new() };
        // Where the next row of each value goes; nowhere for those that many rows have.
        let mut next = [None; 256];
        let mut end = 0u32;
        for ((id, &count), next) in counts.iter().enumerate().take(values).zip(&mut next) {
            if count as usize > ids.len() / ROWS_A_HIT {
                made.values.push(Place::Many(made.many.len() as u32));
                made.many.push(Bits::from_equal(ids, id as u8, None));
            } else {
                made.values.push(Place::Few { start: end, end: end + count });
                *next = Some(end);
                end += count;
            }
        }
        made.few = vec![0; end as usize];
        for (row, &id) in ids.iter().enumerate() {
            if let Some(at) = &mut next[id as usize] {
                made.few.get_mut(*at as usize).into_iter().for_each(|place| *place = row as u32);
                *at += 1;
            }
        }
        Some(made)
    }

    /// The rows whose value is wanted.
    pub(crate) fn rows_with(&self, wanted: &[bool]) -> Bits {
        let mut hits = Bits::none(self.rows);
        for place in self.values.iter().zip(wanted).filter(|(_, wanted)| **wanted).map(|(place, _)| place) {
            match *place {
                Place::Few { start, end } => {
                    let rows = self.few.get(start as usize..end as usize).unwrap_or(&[]);
                    rows.iter().for_each(|&row| hits.set(row as usize));
                }
                Place::Many(at) => {
                    if let Some(rows) = self.many.get(at as usize) {
                        hits = hits.or(rows);
                    }
                }
            }
        }
        hits
    }

    /// Bytes of memory held.
    pub(crate) fn memory_bytes(&self) -> usize {
        let many = self.many.len() * (self.rows / 8 + size_of::<Bits>());
        size_of::<Postings>() + size_of::<Place>() * self.values.len() + 4 * self.few.len() + many
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::values::rows_with_id;

    proptest! {
        #[test]
        fn they_have_the_rows_that_a_scan_finds(
            ids in proptest::collection::vec(prop_oneof![20 => 0u8..3, 1 => 3u8..40], 0..2000),
            wanted in proptest::collection::vec(any::<bool>(), 40),
        ) {
            let ids = Ids::U8(ids);
            let postings = Postings::of(&ids, wanted.len()).unwrap();
            prop_assert_eq!(postings.rows_with(&wanted), rows_with_id(&ids, &wanted, None));
        }
    }
}
