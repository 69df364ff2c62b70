//! From a query and what footers, headers and filters know to a plan: which chunks and row groups are read, which
//! are not and why, what answers each predicate, and what it will cost.
//!
//! **Invariants:** planning is pure: everything it knows comes through [`Facts`]. The plan made here is the plan
//! that runs and the plan that explain prints; there is no other.

mod aggregation;
mod answer;
mod estimate;
mod facts;
mod make;
mod predicates;
mod prune;

pub use aggregation::{Aggregation, Finish};
pub use answer::{FooterField, footer_field};
pub use facts::{ChunkFacts, Facts, RowGroupFacts};
pub use make::{ChunkPlan, Decision, Plan, Reason, RowGroupPlan, TimeKind, make};
pub use predicates::{PredicateNote, predicate_notes};
pub use prune::{Proof, prove_by_filter, prove_chunk, prove_row_group};
