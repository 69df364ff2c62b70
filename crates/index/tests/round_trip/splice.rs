//! Reads a row group the slow and plain way: decodes everything, then splices each record.

use std::collections::BTreeMap;

use gastrolog_format::column::Column;
use gastrolog_format::row_group::{Header, predicted_source};
use gastrolog_format::{Corrupt, Ids, Shape, Shapes, Strings};
use gastrolog_index::{Escape, unescape};
use gastrolog_types::Timestamp;

/// Name of a field or attribute, and its value.
pub(crate) type Pair = (String, Vec<u8>);

/// A record taken out of a row group.
#[derive(Debug, Default)]
pub(crate) struct Spliced {
    pub text: Vec<u8>,
    pub attributes: Vec<Pair>,
    /// Logical values by path, sorted; none for records that were kept as text.
    pub fields: Vec<Pair>,
    /// Raw values of the slots' columns, without composites.
    pub raw: Vec<Pair>,
    pub parsed: bool,
    pub ingest: Timestamp,
    pub source: Timestamp,
}

/// A decoded row group.
pub(crate) struct Decoded {
    pub header: Header,
    pub shapes: Shapes,
    ids: Ids,
    columns: Vec<Column>,
    ingest: Vec<i64>,
    source: Option<Vec<i64>>,
}

impl Decoded {
    pub(crate) fn read(bytes: &[u8]) -> Result<Decoded, Corrupt> {
        let (header, _) = Header::read(bytes)?;
        let body = &bytes[Header::body_offset(bytes)?..];
        let shapes = header.shapes(body)?;
        let columns = (0..header.columns.len()).map(|i| header.column(body, i)).collect::<Result<_, _>>()?;
        Ok(Decoded {
            ids: header.shape_ids(body, shapes.shapes.len())?,
            ingest: header.ingest(body)?,
            source: header.source(body)?,
            columns,
            shapes,
            header,
        })
    }

    /// Whether every column has a value for each row that asks for one. Damage can make it otherwise.
    pub(crate) fn columns_suffice(&self) -> bool {
        let mut wanted: BTreeMap<u32, usize> = BTreeMap::new();
        for row in 0..self.ids.len() {
            let shape = &self.shapes.shapes[self.ids.get(row) as usize];
            shape.slots.iter().chain(&shape.attributes).for_each(|&c| *wanted.entry(c).or_default() += 1);
        }
        let rows = self.ids.len();
        let timed = self.ingest.len() == rows && self.source.as_ref().is_none_or(|s| s.len() == rows);
        timed && wanted.iter().all(|(&c, &n)| self.columns[c as usize].len() >= n)
    }

    /// All records, in order.
    pub(crate) fn records(&self) -> Vec<Spliced> {
        let mut ranks: BTreeMap<u32, usize> = BTreeMap::new();
        (0..self.ids.len()).map(|row| self.record(row, &mut ranks)).collect()
    }

    fn record(&self, row: usize, ranks: &mut BTreeMap<u32, usize>) -> Spliced {
        let shape = &self.shapes.shapes[self.ids.get(row) as usize];
        let mut next = |column: u32| {
            let rank = ranks.entry(column).or_default();
            let mut value = Vec::new();
            self.columns[column as usize].write(*rank, &mut value);
            *rank += 1;
            value
        };
        let slots: Strings =
            shape.slots.iter().map(|&c| next(c)).collect::<Vec<_>>().iter().map(|v| &**v).collect();
        let attributes = shape.attributes.iter().map(|&c| (self.name(c), next(c))).collect();
        let (text, starts) = spliced(shape, &slots);
        let ingest = Timestamp(self.ingest[row]);
        let predicted = shape
            .time_slot
            .filter(|_| !shape.unparsed)
            .map_or(Timestamp::NONE, |slot| predicted_source(slots.get(slot as usize), ingest));
        Spliced {
            fields: self.fields(shape, &slots, &text, &starts),
            raw: shape.slots.iter().zip(slots.iter()).map(|(&c, v)| (self.name(c), v.to_vec())).collect(),
            text,
            attributes,
            parsed: !shape.unparsed,
            ingest,
            source: self.source.as_ref().map_or(predicted, |s| Timestamp(s[row])),
        }
    }

    fn name(&self, column: u32) -> String {
        self.header.columns[column as usize].key.name.clone()
    }

    fn fields(&self, shape: &Shape, slots: &Strings, text: &[u8], starts: &[usize]) -> Vec<Pair> {
        let mut fields = Vec::new();
        for (&column, value) in shape.slots.iter().zip(slots.iter()) {
            let key = &self.header.columns[column as usize].key;
            if !key.name.is_empty() {
                fields.push((key.name.clone(), unescape(value, escape(key.escape)).into_owned()));
            }
        }
        for c in &shape.composites {
            let place = |p: (u32, u32)| starts[p.0 as usize] + p.1 as usize;
            let raw = &text[place(c.start)..place(c.end)];
            let name = self.header.composites[c.name as usize].clone();
            fields.push((name, unescape(raw, escape(c.escape)).into_owned()));
        }
        fields.sort();
        fields
    }
}

/// The text, and where each literal starts in it.
fn spliced(shape: &Shape, slots: &Strings) -> (Vec<u8>, Vec<usize>) {
    let (mut text, mut starts) = (Vec::new(), Vec::new());
    for (i, literal) in shape.literals.iter().enumerate() {
        starts.push(text.len());
        text.extend_from_slice(literal);
        text.extend_from_slice(slots.get(i));
    }
    (text, starts)
}

fn escape(number: u8) -> Escape {
    [Escape::None, Escape::Json, Escape::Quoted, Escape::StructuredData][number as usize]
}
