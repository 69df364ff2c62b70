//! The footer of a sealed chunk: where its row groups are and what its fields hold, so that a planner need not
//! read them.
//!
//! Layout at the end of the file: the footer as one compressed stream; then its length u32, its CRC-32 u32 and
//! the magic u64. A file without them is not sealed.

use std::collections::BTreeMap;

use gastrolog_types::{Seq, Timestamp};

use crate::compress::get;
use crate::row_group::{EncodedRowGroup, Header, TimeSpan};
use crate::words::TypedWords;
use crate::{CHUNK_SUM_MAX, Compressor, Corrupt, Reader, Result, SEQ_MAX, Strings, Writer, at_most};

/// Last bytes of a sealed chunk.
pub(crate) const FOOTER_MAGIC: u64 = u64::from_le_bytes(*b"GLSEALED");

/// Bytes after the footer.
pub const TRAILER_BYTES: usize = 16;

/// Most fields a footer keeps statistics of.
const FIELDS_MAX: usize = 4096;

/// Most bytes of a footer before it is compressed.
pub const FOOTER_BYTES_MAX: usize = 16 << 20;

/// Where a row group is and what it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowGroupEntry {
    /// First byte in the file.
    pub offset: u64,
    /// Bytes.
    pub bytes: u64,
    /// Sequence number of its first row.
    pub first_seq: Seq,
    /// Rows.
    pub rows: u32,
    /// Bytes of the rows' texts.
    pub raw_bytes: u64,
    /// Span of source time, or ingest time where there is none.
    pub time: TimeSpan,
    /// Span of ingest time.
    pub ingest_time: TimeSpan,
    /// Bytes of its filter, which are its last.
    pub filter_bytes: u32,
    /// Kinds of values whose words are not in the filter.
    pub typed: TypedWords,
}

impl RowGroupEntry {
    /// The entry of a row group of `bytes` bytes that begins at `offset`.
    pub fn new(header: &Header, offset: u64, bytes: u64) -> RowGroupEntry {
        RowGroupEntry {
            offset,
            bytes,
            first_seq: header.first_seq,
            rows: header.rows,
            raw_bytes: header.raw_bytes,
            time: header.time,
            ingest_time: header.ingest_time,
            filter_bytes: header.filter.len,
            typed: header.typed,
        }
    }
}

/// What a chunk knows of the fields of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldStats {
    /// Values in all rows together.
    pub values: u64,
    /// Some row may have more than one value, or the field spans several columns of a row.
    pub several: bool,
    /// Raw values and how often each occurs, sorted; `None` when they were too many or are not known.
    pub counts: Option<Vec<(Vec<u8>, u64)>>,
    /// Smallest and largest, when every value is an integer in an integer column.
    pub int_range: Option<(i64, i64)>,
    /// Some value may be escaped, or be made of several columns: its words need not be words of the filter.
    pub escaped: bool,
}

/// Everything a sealed chunk says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footer {
    /// The row groups, in order.
    pub row_groups: Vec<RowGroupEntry>,
    /// Fields and attributes by name.
    pub fields: BTreeMap<String, FieldStats>,
    /// Whether `fields` is complete: a name that is not in it is in no row. Where it is not, rows that were kept
    /// as text may have further values of every field, in no count and no range.
    pub fields_complete: bool,
}

/// How much a footer may keep of the values of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FooterBudget {
    /// Most distinct values of one field.
    pub values: usize,
    /// Most bytes of values of one field.
    pub bytes: usize,
}

impl Default for FooterBudget {
    fn default() -> FooterBudget {
        FooterBudget { values: 4096, bytes: 256 << 10 }
    }
}

impl Footer {
    /// An empty footer to which row groups are added.
    pub fn new() -> Footer {
        Footer { fields_complete: true, ..Footer::default() }
    }

    /// Adds what a row group at `offset` says.
    pub fn add(
        &mut self,
        encoded: &EncodedRowGroup,
        shapes: &crate::Shapes,
        offset: u64,
        budget: FooterBudget,
    ) {
        let header = &encoded.header;
        self.row_groups.push(RowGroupEntry::new(header, offset, encoded.bytes.len() as u64));
        self.fields_complete &= header.unparsed_rows == 0;
        let mut seen: BTreeMap<&str, FieldStats> = BTreeMap::new();
        for (meta, column) in
            header.columns.iter().zip(&encoded.columns).filter(|(m, _)| !m.key.name.is_empty())
        {
            let counts = column.distinct.as_ref().and_then(|d| counted(d, meta.key.escape, budget));
            let stats = FieldStats {
                values: u64::from(meta.values),
                several: meta.key.occurrence > 0,
                counts,
                int_range: meta.int_range,
                escaped: meta.escaped,
            };
            match seen.entry(&meta.key.name) {
                std::collections::btree_map::Entry::Vacant(place) => {
                    place.insert(stats);
                }
                std::collections::btree_map::Entry::Occupied(place) => place.into_mut().join(stats, budget),
            }
        }
        for shape in &shapes.shapes {
            let columns = shape.slots.iter().chain(&shape.attributes);
            let mut names: Vec<&str> =
                columns.filter_map(|&c| Some(&*header.columns.get(c as usize)?.key.name)).collect();
            names.sort_unstable();
            for pair in names.windows(2) {
                if let [a, b] = pair
                    && a == b
                {
                    seen.entry(a).and_modify(|s| s.several = true);
                }
            }
        }
        for name in &header.composites {
            seen.entry(name).or_default().make_unknown();
        }
        for (name, stats) in seen {
            self.add_field(name, stats, budget);
        }
    }

    fn add_field(&mut self, name: &str, stats: FieldStats, budget: FooterBudget) {
        if let Some(known) = self.fields.get_mut(name) {
            known.join(stats, budget);
        } else if self.fields.len() < FIELDS_MAX {
            self.fields.insert(name.to_owned(), stats);
        } else {
            self.fields_complete = false;
        }
    }

    /// Rows of all row groups.
    pub fn rows(&self) -> u64 {
        self.row_groups.iter().map(|g| u64::from(g.rows)).sum()
    }

    /// Bytes of all texts.
    pub fn raw_bytes(&self) -> u64 {
        self.row_groups.iter().map(|g| g.raw_bytes).sum()
    }

    /// Appends footer and trailer. Where it would be too long it leaves out the values of the fields that have most of them.
    pub fn put(&self, c: &mut Compressor, out: &mut Vec<u8>) {
        let plain = self.plain(FOOTER_BYTES_MAX);
        let start = out.len();
        c.put(&plain, out);
        let footer = out.get(start..).unwrap_or(&[]);
        let (len, crc) = (footer.len() as u32, crc32fast::hash(footer));
        out.put_u32(len);
        out.put_u32(crc);
        out.put_u64(FOOTER_MAGIC);
    }

    /// The footer before it is compressed, in `bytes_max` bytes wherever its row groups fit in them.
    fn plain(&self, bytes_max: usize) -> Vec<u8> {
        let plain = self.encode();
        match plain.len().checked_sub(bytes_max) {
            None | Some(0) => plain,
            Some(over) => self.clone().shortened(over).encode(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.put_varint(self.row_groups.len() as u64);
        self.row_groups.iter().for_each(|group| put_entry(group, &mut out));
        out.put_u8(u8::from(self.fields_complete));
        out.put_varint(self.fields.len() as u64);
        self.fields.iter().for_each(|(name, stats)| put_field(name, stats, &mut out));
        out
    }

    /// It without the values of the fields that have most of them, until it is shorter by `over` bytes; without any
    /// field where that is not enough.
    fn shortened(mut self, mut over: usize) -> Footer {
        let mut by_bytes: Vec<(usize, &mut FieldStats)> =
            self.fields.values_mut().map(|stats| (stats.counts_bytes(), stats)).collect();
        by_bytes.sort_by_key(|&(bytes, _)| std::cmp::Reverse(bytes));
        for (bytes, stats) in by_bytes {
            if over == 0 {
                break;
            }
            stats.counts = None;
            over = over.saturating_sub(bytes);
        }
        if over > 0 {
            self.fields.clear();
            self.fields_complete = false;
        }
        self
    }

    /// Reads the footer at the end of a chunk file; `None` when the file is not sealed. Returns it with its bytes.
    pub fn read(file: &[u8]) -> Result<Option<(Footer, usize)>> {
        let Some(trailer) = file.last_chunk::<TRAILER_BYTES>() else { return Ok(None) };
        match Footer::end_bytes(trailer) {
            None => Ok(None),
            Some(len) => {
                let end = file.len().checked_sub(len).and_then(|at| file.get(at..)).ok_or(TOO_LONG)?;
                Ok(Some((Footer::read_end(end, file.len() as u64)?, len)))
            }
        }
    }

    /// Bytes that footer and trailer take, by the trailer; `None` when the file is not sealed.
    pub fn end_bytes(trailer: &[u8; TRAILER_BYTES]) -> Option<usize> {
        let mut r = Reader::new(trailer);
        let (len, _) = (r.u32().ok()? as usize, r.u32().ok()?);
        (r.u64().ok()? == FOOTER_MAGIC).then_some(len + TRAILER_BYTES)
    }

    /// Reads `end`, which is footer and trailer of a file of `file_bytes` bytes.
    pub fn read_end(end: &[u8], file_bytes: u64) -> Result<Footer> {
        let (bytes, trailer) = end.split_last_chunk::<TRAILER_BYTES>().ok_or(TOO_LONG)?;
        let start = file_bytes.checked_sub(end.len() as u64).ok_or(TOO_LONG)?;
        let mut r = Reader::new(trailer);
        r.u32()?;
        if crc32fast::hash(bytes) != r.u32()? {
            return Err(Corrupt("the footer does not match its checksum"));
        }
        let plain = get(&mut Reader::new(bytes), FOOTER_BYTES_MAX)?;
        read_footer(&plain, start)
    }
}

const TOO_LONG: Corrupt = Corrupt("the footer is longer than the file");

impl FieldStats {
    /// Bytes that its values take in a footer, at least: each has a length and a count.
    fn counts_bytes(&self) -> usize {
        self.counts.iter().flatten().map(|(value, _)| value.len() + 2).sum()
    }

    /// Adds what is known of other rows, or of another column of the same rows.
    fn join(&mut self, other: FieldStats, budget: FooterBudget) {
        self.values += other.values;
        self.several |= other.several;
        self.escaped |= other.escaped;
        self.int_range = match (self.int_range, other.int_range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            _ => None,
        };
        self.counts = match (self.counts.take(), other.counts) {
            (Some(a), Some(b)) => merge_counts(a, b, budget),
            _ => None,
        };
    }

    fn make_unknown(&mut self) {
        *self =
            FieldStats { values: self.values, several: true, counts: None, int_range: None, escaped: true };
    }
}

/// Values with their counts, sorted; nothing when they are over the budget or are escaped, so that two of them may
/// stand for one value.
fn counted(
    (values, counts): &(Strings, Vec<u32>),
    escape: u8,
    budget: FooterBudget,
) -> Option<Vec<(Vec<u8>, u64)>> {
    let escaped = escape != 0 && memchr::memchr(b'\\', values.bytes()).is_some();
    if escaped || values.len() > budget.values || values.bytes().len() > budget.bytes {
        return None;
    }
    let pairs = values.iter().zip(counts);
    let mut list: Vec<(Vec<u8>, u64)> = pairs.map(|(v, &n)| (v.to_vec(), u64::from(n))).collect();
    list.sort_unstable();
    Some(list)
}

type Counts = Vec<(Vec<u8>, u64)>;

fn merge_counts(a: Counts, b: Counts, budget: FooterBudget) -> Option<Counts> {
    let mut merged: Counts = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if x.0 <= y.0 => a.next(),
            (_, Some(_)) => b.next(),
            (Some(_), None) => a.next(),
            (None, None) => break,
        };
        let Some((value, n)) = next else { break };
        match merged.last_mut() {
            Some(last) if last.0 == value => last.1 += n,
            _ => merged.push((value, n)),
        }
    }
    let bytes: usize = merged.iter().map(|(v, _)| v.len()).sum();
    (merged.len() <= budget.values && bytes <= budget.bytes).then_some(merged)
}

fn put_entry(g: &RowGroupEntry, out: &mut Vec<u8>) {
    out.put_varint(g.offset);
    out.put_varint(g.bytes);
    out.put_varint(g.first_seq);
    out.put_varint(u64::from(g.rows));
    out.put_varint(g.raw_bytes);
    for t in [g.time.min, g.time.max, g.ingest_time.min, g.ingest_time.max] {
        out.put_u64(t.0 as u64);
    }
    out.put_varint(u64::from(g.filter_bytes));
    out.put_u8(g.typed.0);
}

fn put_field(name: &str, stats: &FieldStats, out: &mut Vec<u8>) {
    out.put_bytes(name.as_bytes());
    out.put_varint(stats.values);
    let flags = u8::from(stats.several) | u8::from(stats.counts.is_some()) << 1;
    out.put_u8(flags | (u8::from(stats.int_range.is_some()) << 2) | (u8::from(stats.escaped) << 3));
    if let Some((min, max)) = stats.int_range {
        out.put_signed(min);
        out.put_signed(max);
    }
    if let Some(counts) = &stats.counts {
        out.put_varint(counts.len() as u64);
        for (value, n) in counts {
            out.put_bytes(value);
            out.put_varint(*n);
        }
    }
}

fn read_footer(plain: &[u8], end: u64) -> Result<Footer> {
    let mut r = Reader::new(plain);
    let mut row_groups = Vec::new();
    for _ in 0..r.count_here()? {
        row_groups.push(read_entry(&mut r, end)?);
    }
    let fields_complete = r.u8()? != 0;
    let mut fields = BTreeMap::new();
    for _ in 0..r.count_here()? {
        let name = r.text()?.to_owned();
        fields.insert(name, read_field(&mut r)?);
    }
    if r.is_empty() {
        Ok(Footer { row_groups, fields, fields_complete })
    } else {
        Err(Corrupt("the footer ends before its bytes"))
    }
}

fn read_entry(r: &mut Reader<'_>, end: u64) -> Result<RowGroupEntry> {
    let (offset, bytes) = (r.varint()?, r.varint()?);
    let first_seq = at_most(r.varint()?, SEQ_MAX)?;
    if offset.checked_add(bytes).is_none_or(|e| e > end) {
        return Err(Corrupt("a row group lies outside of the chunk"));
    }
    let rows = r.count(crate::ROWS_MAX)? as u32;
    let raw_bytes = at_most(r.varint()?, CHUNK_SUM_MAX)?;
    let mut time = || -> Result<Timestamp> { Ok(Timestamp(r.u64()? as i64)) };
    let span = TimeSpan { min: time()?, max: time()? };
    let ingest_time = TimeSpan { min: time()?, max: time()? };
    let filter_bytes = r.count(bytes.min(u64::from(u32::MAX)) as usize)? as u32;
    let typed = TypedWords(r.u8()?);
    Ok(RowGroupEntry {
        offset,
        bytes,
        first_seq,
        rows,
        raw_bytes,
        time: span,
        ingest_time,
        filter_bytes,
        typed,
    })
}

fn read_field(r: &mut Reader<'_>) -> Result<FieldStats> {
    let values = at_most(r.varint()?, CHUNK_SUM_MAX)?;
    let flags = r.u8()?;
    let int_range = if flags & 4 != 0 { Some((r.signed()?, r.signed()?)) } else { None };
    let counts = if flags & 2 != 0 { Some(read_counts(r)?) } else { None };
    Ok(FieldStats { values, several: flags & 1 != 0, counts, int_range, escaped: flags & 8 != 0 })
}

/// Values with their counts. They are looked up, so they must be sorted, each once; and so there are no more than their
/// bytes allow.
fn read_counts(r: &mut Reader<'_>) -> Result<Counts> {
    let mut counts = Counts::new();
    for _ in 0..r.count_here()? {
        let (value, n) = (r.bytes()?, at_most(r.varint()?, CHUNK_SUM_MAX)?);
        if counts.last().is_some_and(|(before, _)| before.as_slice() >= value) {
            return Err(Corrupt("the values of a field are not sorted"));
        }
        counts.push((value.to_vec(), n));
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(values: &[&str]) -> FieldStats {
        let counts = values.iter().map(|v| (v.as_bytes().to_vec(), 1)).collect();
        FieldStats { values: values.len() as u64, counts: Some(counts), ..FieldStats::default() }
    }

    fn footer() -> Footer {
        let mut footer = Footer::new();
        footer.fields.insert("few".into(), field(&["a", "b"]));
        footer.fields.insert("long".into(), field(&["a long value", "another long value"]));
        footer.fields.insert("many".into(), field(&["1", "2", "3", "4", "5", "6", "7", "8"]));
        footer
    }

    #[test]
    fn one_that_is_too_long_knows_less() {
        let (footer, whole) = (footer(), footer().encode());
        let counted = |bytes_max: usize| {
            let plain = footer.plain(bytes_max);
            assert!(plain.len() <= bytes_max, "{} of {bytes_max} bytes", plain.len());
            let read = read_footer(&plain, 0).unwrap();
            let counted = read.fields.iter().filter(|(_, stats)| stats.counts.is_some());
            (
                read.fields.len(),
                read.fields_complete,
                counted.map(|(name, _)| name.clone()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(counted(whole.len()), (3, true, vec!["few".into(), "long".into(), "many".into()]));
        assert_eq!(
            counted(whole.len() - 1),
            (3, true, vec!["few".into(), "many".into()]),
            "the longest goes first"
        );
        assert_eq!(counted(whole.len() - 40), (3, true, vec!["few".into()]));
        assert_eq!(counted(30), (3, true, vec![]));
        assert_eq!(counted(5), (0, false, vec![]), "a name that is not listed may be in some row");
    }

    #[test]
    fn numbers_beyond_any_chunk_and_values_out_of_order_are_refused() {
        let refused = |footer: &Footer| read_footer(&footer.encode(), u64::MAX).unwrap_err();
        let span = TimeSpan { min: Timestamp(i64::MIN), max: Timestamp(i64::MAX) };
        let good = RowGroupEntry {
            offset: 0,
            bytes: 1,
            first_seq: SEQ_MAX,
            rows: 1,
            raw_bytes: CHUNK_SUM_MAX,
            time: span,
            ingest_time: span,
            filter_bytes: 0,
            typed: TypedWords(0),
        };
        let of = |entry: RowGroupEntry| Footer { row_groups: vec![entry], ..Footer::new() };
        assert_eq!(read_footer(&of(good).encode(), u64::MAX), Ok(of(good)));
        refused(&of(RowGroupEntry { first_seq: SEQ_MAX + 1, ..good }));
        refused(&of(RowGroupEntry { raw_bytes: CHUNK_SUM_MAX + 1, ..good }));
        let with = |stats: FieldStats| Footer { fields: [("f".to_owned(), stats)].into(), ..Footer::new() };
        refused(&with(FieldStats { values: CHUNK_SUM_MAX + 1, ..FieldStats::default() }));
        refused(&with(FieldStats {
            counts: Some(vec![(b"a".to_vec(), CHUNK_SUM_MAX + 1)]),
            ..FieldStats::default()
        }));
        refused(&with(field(&["b", "a"])));
        refused(&with(field(&["a", "a"])));
        refused(&with(field(&["", ""])));
    }
}
