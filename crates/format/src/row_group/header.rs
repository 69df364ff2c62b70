//! The header of a row group: what is known without its body, and where everything is in the body.

use std::borrow::Cow;

use gastrolog_types::{Seq, Timestamp};

use super::{MAGIC, SOURCE_PREDICTED};
use crate::column::{Column, Encoding, Texts, decode};
use crate::shape::read_names;
use crate::words::TypedWords;
use crate::{
    Body, CHUNK_SUM_MAX, Corrupt, Fallible, Ids, ROWS_MAX, Reader, Result, SEQ_MAX, Shapes, Writer, at_most,
    ids, ints,
};

/// Bytes before the header.
pub const PREFIX_BYTES: usize = 20;

/// Most bytes of a header.
const HEADER_BYTES_MAX: usize = 1 << 26;

/// Most columns of a row group.
pub const COLUMNS_MAX: usize = 1 << 14;

/// A checked piece of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// First byte in the body.
    pub offset: u32,
    /// Bytes.
    pub len: u32,
    /// CRC-32 of the bytes.
    pub crc: u32,
}

/// What identifies a column. Several columns may carry one name: they differ in escape or occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnKey {
    /// Field path or attribute name; empty for free text.
    pub name: String,
    /// Whether it is an attribute and not part of the text.
    pub attribute: bool,
    /// How its bytes stand for its values (`Escape` of the index crate, as a number).
    pub escape: u8,
    /// 0 for the first value of the name in a record, 1 for the second …
    pub occurrence: u16,
}

/// In the place of the kinds of a column's words: there are words of no such kind.
const OTHER_WORDS: u8 = 0xff;

/// What the header says of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMeta {
    /// Which column.
    pub key: ColumnKey,
    /// How many values it has.
    pub values: u32,
    /// Bytes of its values.
    pub raw_bytes: u64,
    /// How it is encoded.
    pub encoding: Encoding,
    /// Whether some value has an escape in it, so that its words are not those of the value it stands for.
    pub escaped: bool,
    /// The kinds of all its words, if they are all of typed kinds: other words need not be looked for in it.
    pub words: Option<TypedWords>,
    /// Smallest and largest if all values are integers and not in a dictionary.
    pub int_range: Option<(i64, i64)>,
    /// Where it is.
    pub section: Section,
}

/// Smallest and largest of some timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan {
    /// Smallest.
    pub min: Timestamp,
    /// Largest.
    pub max: Timestamp,
}

impl TimeSpan {
    /// The span of `times`; of none: from `NONE` to `NONE`.
    pub fn of(times: impl Iterator<Item = i64> + Clone) -> TimeSpan {
        let none = Timestamp::NONE.0;
        TimeSpan {
            min: Timestamp(times.clone().min().unwrap_or(none)),
            max: Timestamp(times.max().unwrap_or(none)),
        }
    }

    /// The span that covers both.
    pub fn join(self, other: TimeSpan) -> TimeSpan {
        TimeSpan { min: self.min.min(other.min), max: self.max.max(other.max) }
    }
}

/// What is known of a row group without reading its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Sequence number of the first row; the others follow.
    pub first_seq: Seq,
    /// How many rows.
    pub rows: u32,
    /// Rows whose fields must be found in their text.
    pub unparsed_rows: u32,
    /// Bytes of all texts.
    pub raw_bytes: u64,
    /// Span of source time, or ingest time where there is none.
    pub time: TimeSpan,
    /// Span of ingest time.
    pub ingest_time: TimeSpan,
    /// Kinds of values whose words are not in the filter.
    pub typed: TypedWords,
    /// Names of composite fields.
    pub composites: Vec<String>,
    /// Shapes.
    pub shapes: Section,
    /// The shape of each row.
    pub shape_ids: Section,
    /// Ingest times.
    pub ingest: Section,
    /// Source times.
    pub source: Section,
    /// The filter.
    pub filter: Section,
    /// The columns.
    pub columns: Vec<ColumnMeta>,
}

pub(super) fn frame_crc(lengths: &[u8], head: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(lengths);
    crc.update(head);
    crc.finalize()
}

fn put_span(span: TimeSpan, out: &mut Vec<u8>) {
    out.put_u64(span.min.0 as u64);
    out.put_u64(span.max.0 as u64);
}

fn put_section_ref(s: Section, out: &mut Vec<u8>) {
    out.put_varint(u64::from(s.len));
    out.put_u32(s.crc);
}

pub(super) fn put_header(h: &Header, out: &mut Vec<u8>) {
    out.put_u64(h.first_seq);
    out.put_u32(h.rows);
    out.put_u32(h.unparsed_rows);
    out.put_u64(h.raw_bytes);
    put_span(h.time, out);
    put_span(h.ingest_time, out);
    out.put_u8(h.typed.0);
    out.put_varint(h.composites.len() as u64);
    h.composites.iter().for_each(|n| out.put_bytes(n.as_bytes()));
    out.put_varint(h.columns.len() as u64);
    for c in &h.columns {
        out.put_bytes(c.key.name.as_bytes());
        let flags = [c.escaped, c.int_range.is_some(), c.key.attribute];
        out.put_u8(flags.iter().zip(5..).fold(c.key.escape, |all, (&flag, bit)| all | u8::from(flag) << bit));
        out.put_varint(u64::from(c.key.occurrence));
        out.put_varint(u64::from(c.values));
        out.put_varint(c.raw_bytes);
        out.put_u8(c.encoding as u8);
        out.put_u8(c.words.map_or(OTHER_WORDS, |kinds| kinds.0));
        if let Some((min, max)) = c.int_range {
            out.put_signed(min);
            out.put_signed(max);
        }
        put_section_ref(c.section, out);
    }
    for s in [h.shapes, h.shape_ids, h.ingest, h.source, h.filter] {
        put_section_ref(s, out);
    }
}

impl Header {
    /// Reads the header at the start of `bytes`; returns it with the row group's whole length.
    pub fn read(bytes: &[u8]) -> Result<(Header, usize)> {
        Header::parse(bytes, bytes.len() as u64)
    }

    /// Reads the header at the start of `bytes`, which need not reach further than it ([`Header::body_offset`]), of a
    /// row group in `held` bytes; returns it with the row group's whole length.
    pub fn parse(bytes: &[u8], held: u64) -> Result<(Header, usize)> {
        let mut r = Reader::new(bytes);
        if r.u32()? != MAGIC {
            return Err(Corrupt("no row group begins here"));
        }
        let header_len = r.u32()? as usize;
        let body_len = usize::try_from(r.u64()?).map_err(|_| Corrupt("a row group is too long"))?;
        let crc = r.u32()?;
        if header_len > HEADER_BYTES_MAX {
            return Err(Corrupt("the header of a row group is too long"));
        }
        let head = r.take(header_len)?;
        if frame_crc(bytes.get(4..16).unwrap_or(&[]), head) != crc {
            return Err(Corrupt("the header of a row group does not match its checksum"));
        }
        let len = (PREFIX_BYTES + header_len).saturating_add(body_len);
        if len as u64 > held {
            return Err(Corrupt("a row group ends too early"));
        }
        let header = read_header(head)?;
        Ok((header, len))
    }

    /// Bytes before the body.
    pub fn body_offset(bytes: &[u8]) -> Result<usize> {
        let mut r = Reader::new(bytes);
        r.u32()?;
        let header_len = r.u32()? as usize;
        if header_len > HEADER_BYTES_MAX {
            return Err(Corrupt("the header of a row group is too long"));
        }
        Ok(PREFIX_BYTES + header_len)
    }

    /// Every section, with what it is.
    pub fn sections(&self) -> impl Iterator<Item = (&str, Section)> {
        let fixed = [
            ("shapes", self.shapes),
            ("shape ids", self.shape_ids),
            ("ingest times", self.ingest),
            ("source times", self.source),
            ("filter", self.filter),
        ];
        self.columns.iter().map(|c| (&*c.key.name, c.section)).chain(fixed)
    }

    /// The bytes of a section, verified.
    pub fn section<'a, B: Body + ?Sized>(&self, body: &'a B, s: Section) -> Fallible<Cow<'a, [u8]>, B> {
        let bytes = body.get(s.offset as usize, s.len as usize)?;
        if crc32fast::hash(&bytes) == s.crc {
            Ok(bytes)
        } else {
            Err(Corrupt("a section does not match its checksum").into())
        }
    }

    /// The bytes of the filter, not verified as a whole: the filter verifies what it reads.
    pub fn filter_bytes<'a>(&self, body: &'a [u8]) -> Result<&'a [u8]> {
        let s = self.filter;
        body.get(s.offset as usize..s.offset as usize + s.len as usize)
            .ok_or(Corrupt("the filter lies outside of its row group"))
    }

    /// Decodes column `i`.
    pub fn column<B: Body + ?Sized>(&self, body: &B, i: usize) -> Fallible<Column, B> {
        let meta = self.columns.get(i).ok_or(Corrupt("no such column"))?;
        Ok(decode(&self.section(body, meta.section)?, meta.values as usize)?)
    }

    /// Reads the texts of column `i`, and no more of it.
    pub fn column_texts<B: Body + ?Sized>(&self, body: &B, i: usize) -> Fallible<Texts, B> {
        let meta = self.columns.get(i).ok_or(Corrupt("no such column"))?;
        Ok(Texts::read(&self.section(body, meta.section)?, meta.values as usize)?)
    }

    /// Decodes the shapes.
    pub fn shapes<B: Body + ?Sized>(&self, body: &B) -> Fallible<Shapes, B> {
        Ok(Shapes::read(&self.section(body, self.shapes)?, self.columns.len())?)
    }

    /// Decodes the shape of each row; `shapes` is how many there are.
    pub fn shape_ids<B: Body + ?Sized>(&self, body: &B, shapes: usize) -> Fallible<Ids, B> {
        let bytes = self.section(body, self.shape_ids)?;
        let found = ids::read(&mut Reader::new(&bytes), self.rows as usize, shapes)?;
        if (0..found.len()).all(|i| (found.get(i) as usize) < shapes) {
            Ok(found)
        } else {
            Err(Corrupt("a row has a shape that does not exist").into())
        }
    }

    /// Decodes the ingest times.
    pub fn ingest<B: Body + ?Sized>(&self, body: &B) -> Fallible<Vec<i64>, B> {
        let bytes = self.section(body, self.ingest)?;
        Ok(ints::get_ints(&mut Reader::new(&bytes), self.rows as usize)?)
    }

    /// Decodes the source times; `None` when they are to be predicted from the time slots.
    pub fn source<B: Body + ?Sized>(&self, body: &B) -> Fallible<Option<Vec<i64>>, B> {
        let bytes = self.section(body, self.source)?;
        let mut r = Reader::new(&bytes);
        if r.u8()? == SOURCE_PREDICTED {
            return Ok(None);
        }
        let known = crate::compress::get(&mut r, self.rows as usize)?;
        let mut times = ints::get_ints(&mut r, self.rows as usize)?;
        for (time, known) in times.iter_mut().zip(known) {
            if known == 0 {
                *time = Timestamp::NONE.0;
            }
        }
        Ok(Some(times))
    }
}

fn read_span(r: &mut Reader<'_>) -> Result<TimeSpan> {
    Ok(TimeSpan { min: Timestamp(r.u64()? as i64), max: Timestamp(r.u64()? as i64) })
}

fn read_section_ref(r: &mut Reader<'_>, at: &mut u32) -> Result<Section> {
    let len = r.count(u32::MAX as usize)? as u32;
    let section = Section { offset: *at, len, crc: r.u32()? };
    *at = at.checked_add(len).ok_or(Corrupt("sections are too long"))?;
    Ok(section)
}

fn read_header(head: &[u8]) -> Result<Header> {
    let mut r = Reader::new(head);
    let first_seq = at_most(r.u64()?, SEQ_MAX)?;
    let rows = r.u32()?;
    let unparsed_rows = r.u32()?;
    if rows as usize > ROWS_MAX {
        return Err(Corrupt("a row group has too many rows"));
    }
    let raw_bytes = at_most(r.u64()?, CHUNK_SUM_MAX)?;
    let (time, ingest_time) = (read_span(&mut r)?, read_span(&mut r)?);
    let typed = TypedWords(r.u8()?);
    let composites = read_names(&mut r)?;
    let mut at = 0u32;
    let count = r.count_here()?;
    if count > COLUMNS_MAX {
        return Err(Corrupt("a row group has too many columns"));
    }
    let columns = (0..count).map(|_| read_column_meta(&mut r, rows, &mut at)).collect::<Result<_>>()?;
    let mut next = || read_section_ref(&mut r, &mut at);
    let (shapes, shape_ids, ingest, source, filter) = (next()?, next()?, next()?, next()?, next()?);
    Ok(Header {
        first_seq,
        rows,
        unparsed_rows,
        raw_bytes,
        time,
        ingest_time,
        typed,
        composites,
        shapes,
        shape_ids,
        ingest,
        source,
        filter,
        columns,
    })
}

fn read_column_meta(r: &mut Reader<'_>, rows: u32, at: &mut u32) -> Result<ColumnMeta> {
    let name = r.text()?.to_owned();
    let flags = r.u8()?;
    let occurrence = r.count(u16::MAX as usize)? as u16;
    let key = ColumnKey { name, attribute: flags & 0x80 != 0, escape: flags & 3, occurrence };
    let values = r.count(rows as usize)? as u32;
    let raw_bytes = at_most(r.varint()?, CHUNK_SUM_MAX)?;
    let encoding = *Encoding::ALL.get(r.u8()? as usize).ok_or(Corrupt("unknown encoding of a column"))?;
    let words = Some(r.u8()?).filter(|&kinds| kinds != OTHER_WORDS).map(TypedWords);
    let int_range = if flags & 0x40 != 0 { Some((r.signed()?, r.signed()?)) } else { None };
    let escaped = flags & 0x20 != 0;
    Ok(ColumnMeta {
        key,
        values,
        raw_bytes,
        encoding,
        escaped,
        words,
        int_range,
        section: read_section_ref(r, at)?,
    })
}
