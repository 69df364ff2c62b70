//! From a query and what footers, headers and filters know to a plan: which chunks and row groups are read, which
//! are not and why, what answers each predicate, in which order, and what it will cost.
//!
//! **Invariants:** planning is pure: everything it knows comes through [`Facts`]. The plan made here is the plan
//! that runs and the plan that explain prints; there is no other.

mod aggregation;
mod answer;
mod conditions;
mod cost;
mod estimate;
mod facts;
mod leaves;
mod make;
mod needed;
mod plan;
mod predicates;
mod probes;
mod prune;
mod stages;

pub use aggregation::{Aggregation, Finish};
pub use answer::{FooterField, footer_field};
pub use conditions::Condition;
pub use cost::Looks;
pub use facts::{ChunkFacts, Facts, RowGroupFacts};
pub use make::make;
pub use plan::{ChunkPlan, Decision, Plan, Reason, RowGroupPlan, TimeKind};
pub use predicates::PredicateNote;
pub use prune::{Proof, prove_by_filter, prove_chunk, prove_row_group};
pub use stages::StageEstimate;
