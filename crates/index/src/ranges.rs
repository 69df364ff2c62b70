//! The ranges that indexers name, and the trait they do it by.

use std::ops::Range;

/// How the bytes of a value stand for the value itself.
///
/// It is part of a column's identity, so that the logical value follows from the stored bytes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Escape {
    /// The bytes are the value (numbers, bare words, text without escapes).
    None = 0,
    /// Inside of a JSON string (RFC 8259 section 7); the quotes are not part of the range.
    Json = 1,
    /// Inside of a quoted logfmt or key=value string: `\"`, `\\`, `\n`, `\t`, `\r`; quotes not in the range.
    Quoted = 2,
    /// Inside of an RFC 5424 structured data value: `\"`, `\\`, `\]`.
    StructuredData = 3,
}

/// Whether a range may hold the time of the record, and how good a candidate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TimeRole {
    /// Not a time of the record.
    No = 0,
    /// A field whose name suggests it (`time`, `ts`, `@timestamp` …).
    Named = 1,
    /// A place where the format puts the time of the record (Apache brackets, syslog header, leading timestamp).
    Header = 2,
}

/// Name of a range: an index into the names of its [`RangeSet`]. Cheap to make; resolved to text only when a
/// record of a new shape is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name(pub u32);

impl Name {
    /// A range of free text, stored as a column but not a field anybody can name.
    pub const TEXT: Name = Name(u32::MAX);
    /// The root, parent of top-level names.
    pub const ROOT: Name = Name(u32::MAX - 1);
}

/// One step of a field's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamePart {
    /// A name fixed by the format.
    Static(&'static str),
    /// A key that stands in the record at this range (not inside of any value range), and how it is escaped.
    Key {
        /// First byte of the key.
        start: u32,
        /// One past its last byte.
        end: u32,
        /// How the key's bytes are escaped.
        escape: Escape,
    },
    /// `[]`: an element of an array.
    Element,
}

/// A named range of a record's bytes. Ranges are disjoint or nested, never crossing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// What it is called.
    pub name: Name,
    /// How its bytes stand for its value.
    pub escape: Escape,
    /// Whether it may be the record's time.
    pub time: TimeRole,
}

/// The ranges found in one record. Made once, cleared and used again for each record.
#[derive(Clone, Debug, Default)]
pub struct RangeSet {
    pub(crate) spans: Vec<Span>,
    pub(crate) names: Vec<(Name, NamePart)>,
    pub(crate) left: Vec<(u32, u32)>,
}

/// A position in a [`RangeSet`] to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark(usize, usize, usize);

impl RangeSet {
    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.spans.clear();
        self.names.clear();
        self.left.clear();
    }

    /// The position to give to [`RangeSet::rollback`], to take back what is added from now on.
    pub fn mark(&self) -> Mark {
        Mark(self.spans.len(), self.names.len(), self.left.len())
    }

    /// Takes back all that was added after `mark`: an indexer may try one reading and then another.
    pub fn rollback(&mut self, mark: Mark) {
        self.spans.truncate(mark.0);
        self.names.truncate(mark.1);
        self.left.truncate(mark.2);
    }

    /// A name below `parent` ([`Name::ROOT`] for the top level).
    #[inline]
    pub fn name(&mut self, parent: Name, part: NamePart) -> Name {
        let id = Name(self.names.len() as u32);
        self.names.push((parent, part));
        id
    }

    /// Adds a range. Empty ranges (an empty value) are welcome.
    #[inline]
    pub fn push(&mut self, span: Span) {
        self.spans.push(span);
    }

    /// Adds a range of plain bytes under `name`.
    #[inline]
    pub fn plain(&mut self, range: Range<usize>, name: Name) {
        self.push(Span {
            start: range.start as u32,
            end: range.end as u32,
            name,
            escape: Escape::None,
            time: TimeRole::No,
        });
    }

    /// Adds a range of plain bytes under a top-level name fixed by the format.
    #[inline]
    pub fn field(&mut self, range: Range<usize>, name: &'static str) {
        let name = self.name(Name::ROOT, NamePart::Static(name));
        self.plain(range, name);
    }

    /// Leaves a part of the record to the other indexers (the message after a syslog header, the text before an
    /// embedded JSON object). A range pushed for the whole part nests around what they find.
    pub fn leave(&mut self, range: Range<usize>) {
        self.left.push((range.start as u32, range.end as u32));
    }

    /// The ranges, in the order the pipeline put them: by start, the outer before the inner.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The nodes of names: parent and part.
    pub fn names(&self) -> &[(Name, NamePart)] {
        &self.names
    }

    /// The full path of `name` in `record`: steps joined by `.`, elements as `[]` (`items[].id`). Keys are
    /// unescaped; invalid UTF-8 is replaced.
    pub fn path(&self, name: Name, record: &[u8]) -> String {
        let mut path = String::new();
        self.push_path(name, record, &mut Vec::new(), &mut path);
        path
    }

    /// Appends the full path of `name` to `out`. For those who want many: `steps` is used again.
    pub fn push_path(&self, name: Name, record: &[u8], steps: &mut Vec<NamePart>, out: &mut String) {
        steps.clear();
        let mut at = name;
        while let Some(&(parent, part)) = self.names.get(at.0 as usize) {
            steps.push(part);
            at = parent;
        }
        let begin = out.len();
        for part in steps.iter().rev() {
            match *part {
                NamePart::Element => out.push_str("[]"),
                NamePart::Static(s) => push_step(out, begin, s),
                NamePart::Key { start, end, escape } => {
                    let raw = record.get(start as usize..end as usize).unwrap_or(&[]);
                    push_step(out, begin, &String::from_utf8_lossy(&crate::unescape(raw, escape)));
                }
            }
        }
    }
}

/// The path begins at `begin` of `out`.
fn push_step(out: &mut String, begin: usize, step: &str) {
    if out.len() > begin {
        out.push('.');
    }
    out.push_str(step);
}

/// Whether no other span lies in the `i`-th: it is a value, not made of several.
#[inline]
pub(crate) fn is_leaf(spans: &[Span], i: usize) -> bool {
    spans.get(i).zip(spans.get(i + 1)).is_none_or(|(span, next)| !is_inside(next, span))
}

/// Whether `next`, which comes right after `span` in order, lies in it. An empty span at its end does: the key of
/// an empty value (`k=`) must stand in a literal.
#[inline]
fn is_inside(next: &Span, span: &Span) -> bool {
    next.start < span.end || (next.end <= span.end && span.start < span.end)
}

/// What an indexer says of the part of a record it was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Not mine: whatever was pushed is taken back.
    No,
    /// Mine: the ranges pushed describe it; parts given to [`RangeSet::leave`] go to the other indexers.
    Yes,
}

/// Understands one format.
///
/// Implementations are pure, never panic, never loop without end, and take time linear in the length of the
/// part, whatever the bytes. A refusal should be quick: every record is shown to every indexer before its own.
pub trait Indexer: Send + Sync {
    /// The name used in configuration, `inspect` and explain (`json`, `apache` …).
    fn name(&self) -> &'static str;

    /// Names byte ranges of `record[part]`. All positions are positions in `record`; all ranges lie in `part`.
    fn index(&self, record: &[u8], part: Range<usize>, out: &mut RangeSet) -> Claim;
}
