//! The plan: what is done with each chunk and row group, in which order conditions are asked, what it will cost.

use gastrolog_format::row_group::TimeSpan;
use gastrolog_query::Query;

use crate::answer::FooterField;
use crate::conditions::Condition;
use crate::stages::StageEstimate;

/// By which time a query's bounds go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeKind {
    /// Source time, ingest where there is none.
    Source,
    /// Ingest time.
    Ingest,
}

/// Why something is not read. The words are those explain prints; `docs/explain.md` says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// All its records lie outside of the query's time.
    Time,
    /// No record has a field of that name.
    NoSuchField,
    /// The footer lists the values of the field and none fits, or its range excludes them.
    FieldValues,
    /// The filter of the row group does not have a word that every match must have.
    WordFilter,
    /// The filter or the range of the field's column excludes the value.
    ValueFilter,
    /// The header shows that every record matches what is negated.
    Header,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Reason; 6] = [
        Reason::Time,
        Reason::NoSuchField,
        Reason::FieldValues,
        Reason::WordFilter,
        Reason::ValueFilter,
        Reason::Header,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Time => "time",
            Reason::NoSuchField => "no such field",
            Reason::FieldValues => "field values",
            Reason::WordFilter => "word filter",
            Reason::ValueFilter => "value filter",
            Reason::Header => "header",
        }
    }
}

/// What is done with a chunk.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Nothing of it is read.
    Pruned(Reason),
    /// Its footer has the answer.
    Footer,
    /// Row groups are looked at.
    Read(Vec<RowGroupPlan>),
    /// Its footer cannot be read.
    Damaged(String),
}

/// What is done with a row group.
#[derive(Clone, Debug, PartialEq)]
pub struct RowGroupPlan {
    /// Place in the chunk.
    pub ordinal: usize,
    /// Why it is not read, if it is not.
    pub pruned: Option<Reason>,
    /// Every row matches the filter and lies within the query's time: only counts or columns are needed.
    pub all_match: bool,
    /// Every row lies within the query's time.
    pub time_inside: bool,
    /// Bytes of the row group.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// Rows that are likely to lie within the query's time.
    pub rows_in_time: u64,
    /// Bytes of the columns that the query names; 0 when it is not read or its header cannot be.
    pub needed_bytes: u64,
    /// Bytes that they come to when they are decoded, likely.
    pub decoded_bytes: u64,
    /// Of those, what is decoded to find the rows that match.
    pub decoded_to_find: u64,
    /// Span of the time the query goes by.
    pub span: TimeSpan,
}

/// What is done with a chunk, and what that is likely to give.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkPlan {
    /// Place in the facts.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Whether it is sealed.
    pub sealed: bool,
    /// Records in it.
    pub records: u64,
    /// Bytes of its file.
    pub file_bytes: u64,
    /// What is done.
    pub decision: Decision,
    /// Rows that are likely to match.
    pub estimated_rows: u64,
    /// Time that one thread is likely to spend to find the rows that match, and to group them where the query begins
    /// with that.
    pub estimated_ns: u64,
}

/// A plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What was asked.
    pub query: Query,
    /// By which time the bounds go.
    pub time_kind: TimeKind,
    /// The conditions that the filter joins by AND, in the order in which they are asked.
    pub conditions: Vec<Condition>,
    /// The field that footers can answer for, if it is such a query.
    pub footer_field: Option<FooterField>,
    /// What is done with each chunk.
    pub chunks: Vec<ChunkPlan>,
    /// What the stages behind the filter are likely to take and give.
    pub stages: Vec<StageEstimate>,
    /// Fields that the filter names, of whose values the footer of some chunk within the query's time keeps no
    /// counts.
    pub uncounted_fields: Vec<String>,
    /// Records scanned without any index.
    pub pending_records: u64,
    /// Of them, likely to match.
    pub pending_rows: u64,
    /// Time that putting records together is likely to take.
    pub records_ns: u64,
    /// Bytes of their text.
    pub pending_bytes: u64,
    /// Bytes that were read to make the plan.
    pub planning_bytes: u64,
}

impl ChunkPlan {
    /// Its row groups, as far as they were looked at.
    pub fn row_groups(&self) -> &[RowGroupPlan] {
        if let Decision::Read(groups) = &self.decision { groups } else { &[] }
    }

    /// Those that are read.
    pub fn reads(&self) -> impl Iterator<Item = &RowGroupPlan> + Clone {
        self.row_groups().iter().filter(|g| g.pruned.is_none())
    }
}

impl Plan {
    /// Row groups that will be read.
    pub fn reads(&self) -> impl Iterator<Item = (&ChunkPlan, &RowGroupPlan)> {
        self.chunks.iter().flat_map(|chunk| chunk.reads().map(move |g| (chunk, g)))
    }

    /// Time that one thread is likely to spend on all of it, when so many records are wanted.
    pub fn estimated_ns(&self, limit: Option<u64>) -> u64 {
        let all = self.estimated_rows().max(1);
        let records = self.records_ns as f64 * limit.unwrap_or(all).min(all) as f64 / all as f64;
        self.chunks.iter().map(|c| c.estimated_ns).sum::<u64>() + self.pending_ns() + records as u64
    }

    /// Time that the records which wait in the log are likely to take.
    pub fn pending_ns(&self) -> u64 {
        (self.pending_records as f64 * crate::cost::PENDING_NS) as u64
    }

    /// Rows that are likely to match.
    pub fn estimated_rows(&self) -> u64 {
        self.chunks.iter().map(|c| c.estimated_rows).sum::<u64>() + self.pending_rows
    }
}
