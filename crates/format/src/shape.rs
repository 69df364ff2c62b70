//! Shapes: what records have in common once the values are taken out.
//!
//! A shape is literals with slots between them, each slot a column; columns that are attributes and do not stand
//! in the text; and composite fields that span several slots.

use crate::compress::{Compressor, get};
use crate::row_group::COLUMNS_MAX;
use crate::{Corrupt, Reader, Result, Strings, Writer};

/// Most shapes of a row group.
pub const SHAPES_MAX: usize = 1 << 16;

/// Most bytes of all shapes of a row group before they are compressed: in memory they take some times as much.
pub const SHAPES_BYTES_MAX: usize = 64 << 20;

/// Most names of composite fields in a row group.
pub const COMPOSITE_NAMES_MAX: usize = 1 << 17;

const UNALIGNED: u8 = 1;
const UNPARSED: u8 = 2;

/// What a group of records look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Columns of attributes, in order.
    pub attributes: Vec<u32>,
    /// The column of each slot. There is one more literal than there are slots.
    pub slots: Vec<u32>,
    /// Literals before, between and after the slots.
    pub literals: Strings,
    /// Fields that span more than one slot or no slot at all.
    pub composites: Vec<Composite>,
    /// The slot that holds the record's time.
    pub time_slot: Option<u32>,
    /// Some slot begins or ends in the middle of a word.
    pub unaligned: bool,
    /// The records were not taken apart (a cap was reached): their fields must be found in the text.
    pub unparsed: bool,
}

/// A field made of a stretch of literals and slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composite {
    /// Index into the names of the row group.
    pub name: u32,
    /// How its bytes stand for its value (`Escape` of the index crate, as a number).
    pub escape: u8,
    /// The literal it begins in, and the byte there.
    pub start: (u32, u32),
    /// The literal it ends in, and the byte there (exclusive).
    pub end: (u32, u32),
}

/// All shapes of a row group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shapes {
    /// The shapes, by id.
    pub shapes: Vec<Shape>,
    /// Names of composite fields.
    pub names: Vec<String>,
}

impl Shapes {
    /// Appends the encoded shapes.
    pub fn put(&self, c: &mut Compressor, out: &mut Vec<u8>) {
        let mut plain = Vec::new();
        plain.put_varint(self.names.len() as u64);
        self.names.iter().for_each(|n| plain.put_bytes(n.as_bytes()));
        plain.put_varint(self.shapes.len() as u64);
        self.shapes.iter().for_each(|s| put_shape(s, &mut plain));
        c.put(&plain, out);
    }

    /// Reads shapes that name columns below `columns`.
    pub fn read(bytes: &[u8], columns: usize) -> Result<Shapes> {
        let plain = get(&mut Reader::new(bytes), SHAPES_BYTES_MAX)?;
        let mut r = Reader::new(&plain);
        let names = read_names(&mut r)?;
        let n = r.count(SHAPES_MAX)?;
        let shapes = (0..n).map(|_| read_shape(&mut r, columns, names.len())).collect::<Result<_>>()?;
        if r.is_empty() {
            Ok(Shapes { shapes, names })
        } else {
            Err(Corrupt("shapes end before their bytes"))
        }
    }
}

/// Reads the names of composite fields, with how many there are.
pub(crate) fn read_names(r: &mut Reader<'_>) -> Result<Vec<String>> {
    (0..r.count(COMPOSITE_NAMES_MAX)?).map(|_| Ok(r.text()?.to_owned())).collect()
}

impl Shape {
    /// Bytes that it takes among all shapes before they are compressed, at most.
    pub fn bytes_max(&self) -> usize {
        16 + self.literals.bytes().len()
            + 4 * self.attributes.len()
            + 10 * self.slots.len()
            + 32 * self.composites.len()
    }
}

fn put_shape(shape: &Shape, out: &mut Vec<u8>) {
    out.put_u8((u8::from(shape.unaligned) * UNALIGNED) | (u8::from(shape.unparsed) * UNPARSED));
    for columns in [&shape.attributes, &shape.slots] {
        out.put_varint(columns.len() as u64);
        columns.iter().for_each(|&c| out.put_varint(u64::from(c)));
    }
    out.put_varint(shape.time_slot.map_or(0, |s| u64::from(s) + 1));
    shape.literals.iter().for_each(|l| out.put_bytes(l));
    out.put_varint(shape.composites.len() as u64);
    for c in &shape.composites {
        for v in [c.name, u32::from(c.escape), c.start.0, c.start.1, c.end.0, c.end.1] {
            out.put_varint(u64::from(v));
        }
    }
}

fn read_shape(r: &mut Reader<'_>, columns: usize, names: usize) -> Result<Shape> {
    let flags = r.u8()?;
    let mut ids = || -> Result<Vec<u32>> {
        (0..r.count(COLUMNS_MAX)?).map(|_| Ok(r.count(columns.saturating_sub(1))? as u32)).collect()
    };
    let (attributes, slots) = (ids()?, ids()?);
    let time_slot = (r.count(slots.len())? as u32).checked_sub(1);
    let mut literals = Strings::new();
    for _ in 0..=slots.len() {
        literals.push(r.bytes()?);
    }
    let mut composites = Vec::new();
    for _ in 0..r.count_here()? {
        let name = r.count(names.saturating_sub(1))? as u32;
        let escape = r.count(3)? as u8;
        let mut place = || -> Result<(u32, u32)> {
            let literal = r.count(slots.len())?;
            Ok((literal as u32, r.count(literals.get(literal).len())? as u32))
        };
        let (start, end) = (place()?, place()?);
        if end < start {
            return Err(Corrupt("a composite field ends before it starts"));
        }
        composites.push(Composite { name, escape, start, end });
    }
    let (unaligned, unparsed) = (flags & UNALIGNED != 0, flags & UNPARSED != 0);
    Ok(Shape { attributes, slots, literals, composites, time_slot, unaligned, unparsed })
}
