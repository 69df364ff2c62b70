//! Finds the row groups of a chunk file that has no footer, or a bad one, and makes a footer from them.

use std::ops::Range;

use gastrolog_format::column::{Column, Encoded, Encoding};
use gastrolog_format::row_group::{ColumnMeta, EncodedRowGroup, Header, MAGIC};
use gastrolog_format::{CHUNK_HEAD_BYTES, Corrupt, Footer, FooterBudget, RowGroupEntry, Strings};
use gastrolog_types::Seq;

/// How many times its own length of a file is read in search of the next good header. An honest file is read once,
/// damaged or not; made-up bytes full of beginnings must not take quadratic time.
const SEARCH_FACTOR: usize = 4;

/// A row group whose header is right.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) header: Header,
    pub(crate) entry: RowGroupEntry,
}

impl Found {
    /// One past the seq of its last record.
    pub(crate) fn end_seq(&self) -> Seq {
        self.header.first_seq + u64::from(self.header.rows)
    }

    fn bytes<'a>(&self, file: &'a [u8]) -> &'a [u8] {
        let range = self.entry.offset as usize..(self.entry.offset + self.entry.bytes) as usize;
        file.get(range).unwrap_or(&[])
    }

    fn body<'a>(&self, file: &'a [u8]) -> Result<&'a [u8], Corrupt> {
        let bytes = self.bytes(file);
        bytes.get(Header::body_offset(bytes)?..).ok_or(Corrupt("the header is longer than the row group"))
    }

    /// Checks every section against its checksum; the error names the section.
    pub(crate) fn verify(&self, file: &[u8]) -> Result<(), String> {
        let body = self.body(file).map_err(|e| e.to_string())?;
        for (name, section) in self.header.sections() {
            self.header.section(body, section).map_err(|e| format!("{name:?}: {e}"))?;
        }
        Ok(())
    }

    /// What the encoder had said of it, as far as a footer needs it.
    fn encoded(&self, file: &[u8]) -> Result<EncodedRowGroup, Corrupt> {
        let body = self.body(file)?;
        let columns = self.header.columns.iter().enumerate();
        let columns = columns.map(|(i, meta)| encoded_column(&self.header, body, i, meta));
        Ok(EncodedRowGroup {
            columns: columns.collect::<Result<_, _>>()?,
            bytes: self.bytes(file).to_vec(),
            header: self.header.clone(),
        })
    }
}

fn encoded_column(header: &Header, body: &[u8], i: usize, meta: &ColumnMeta) -> Result<Encoded, Corrupt> {
    let counted = matches!(meta.encoding, Encoding::Constant | Encoding::Dictionary);
    let distinct =
        if counted && !meta.key.name.is_empty() { distinct(header.column(body, i)?) } else { None };
    Ok(Encoded { encoding: meta.encoding, distinct, int_range: meta.int_range })
}

fn distinct(column: Column) -> Option<(Strings, Vec<u32>)> {
    match column {
        Column::Constant { value, rows } => Some(([&*value].into_iter().collect(), vec![rows as u32])),
        Column::Dictionary { values, ids } => {
            let mut counts = vec![0u32; values.len()];
            for i in 0..ids.len() {
                if let Some(count) = counts.get_mut(ids.get(i) as usize) {
                    *count += 1;
                }
            }
            Some((values, counts))
        }
        _ => None,
    }
}

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scan {
    /// Row groups, in order.
    pub(crate) groups: Vec<Found>,
    /// Stretches before and between them that are none.
    pub(crate) bad: Vec<Range<usize>>,
    /// One past the last row group.
    pub(crate) end: usize,
}

impl Scan {
    /// How many records it holds.
    pub(crate) fn records(&self) -> u64 {
        self.groups.iter().map(|g| u64::from(g.header.rows)).sum()
    }

    /// Drops the row groups at the end that reach beyond `seq`.
    pub(crate) fn clip(&mut self, seq: Seq) {
        while self.groups.last().is_some_and(|g| g.end_seq() > seq) {
            self.pop();
        }
    }

    /// Drops the last row group.
    pub(crate) fn pop(&mut self) {
        self.groups.pop();
        let end = |g: &Found| (g.entry.offset + g.entry.bytes) as usize;
        self.end = self.groups.last().map_or(CHUNK_HEAD_BYTES, end);
        let end = self.end;
        self.bad.retain(|bad| bad.start < end);
    }

    /// A footer without any statistics.
    pub(crate) fn bare_footer(&self) -> Footer {
        bare_footer(self.groups.iter().map(|g| g.entry))
    }

    /// The footer that would have been written.
    ///
    /// # Errors
    /// When something in a row group cannot be read.
    pub(crate) fn footer(&self, file: &[u8], budget: FooterBudget) -> Result<Footer, Corrupt> {
        let mut footer = Footer::new();
        for group in &self.groups {
            let shapes = group.header.shapes(group.body(file)?)?;
            footer.add(&group.encoded(file)?, &shapes, group.entry.offset, budget);
        }
        Ok(footer)
    }
}

/// A footer that knows its row groups and nothing of their fields.
pub(crate) fn bare_footer(entries: impl Iterator<Item = RowGroupEntry>) -> Footer {
    Footer { row_groups: entries.collect(), ..Footer::default() }
}

/// Looks for row groups from the head of the file on.
pub(crate) fn scan(file: &[u8]) -> Scan {
    let mut scan = Scan { end: CHUNK_HEAD_BYTES.min(file.len()), ..Scan::default() };
    let mut budget_bytes = file.len().saturating_mul(SEARCH_FACTOR);
    let (mut at, mut floor) = (scan.end, 0);
    while at < file.len() {
        match good_group(file, at, floor) {
            Ok(found) => {
                if scan.end < at {
                    scan.bad.push(scan.end..at);
                }
                at += found.entry.bytes as usize;
                floor = found.end_seq();
                scan.end = at;
                scan.groups.push(found);
            }
            Err(cost_bytes) => {
                // The first try at each row group is what reading a good file costs.
                let Some(rest) = budget_bytes.checked_sub(cost_bytes) else { break };
                budget_bytes = rest;
                let magic = MAGIC.to_le_bytes();
                let next = memchr::memmem::find(file.get(at + 1..).unwrap_or(&[]), &magic);
                at = next.map_or(file.len(), |i| at + 1 + i);
            }
        }
    }
    scan
}

/// The row group at `at`; if there is none, how many bytes it took to see that.
fn good_group(file: &[u8], at: usize, floor: Seq) -> Result<Found, usize> {
    let bytes = file.get(at..).unwrap_or(&[]);
    let header_bytes = Header::body_offset(bytes).unwrap_or(0).min(bytes.len());
    let (header, len) = Header::read(bytes).map_err(|_| header_bytes)?;
    let end = header.first_seq.checked_add(u64::from(header.rows));
    if header.rows == 0 || header.first_seq < floor || end.is_none() {
        return Err(header_bytes);
    }
    let entry = RowGroupEntry::new(&header, at as u64, len as u64);
    Ok(Found { header, entry })
}
