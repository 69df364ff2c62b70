//! Rules of routing: which records go to which stores.

use std::sync::Arc;

use gastrolog_index::Pipeline;
use gastrolog_ingest::{RouteCounts, Routes, Sink};

use crate::draft::{Draft, Piece};
use crate::view::{Scratch, View};
use crate::{Condition, Process, ProcessError};

/// Stores that rules may name: a bit each.
const STORES_MAX: usize = 60;

/// A rule as it is configured.
#[derive(Clone)]
pub struct RuleConfig {
    /// What it is called.
    pub name: String,
    /// Which records it takes.
    pub when: String,
    /// Where they go.
    pub stores: Vec<String>,
    /// Whether later rules, and the receiver's own store, get them too.
    pub goes_on: bool,
    /// What is done with them on the way to these stores.
    pub process: Option<Arc<Process>>,
}

/// What becomes of records that no rule keeps to itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rest {
    /// They go to the store of their receiver.
    #[default]
    Own,
    /// They are dropped and counted, unless a rule that goes on has taken them.
    Drop,
}

/// A rule, ready to use.
pub struct Rule {
    when: Condition,
    pub(crate) lanes: Vec<usize>,
    goes_on: bool,
    pub(crate) process: Option<Arc<Process>>,
    counts: Arc<RouteCounts>,
}

/// The rules in their order, and the stores that they name.
pub struct Router {
    pub(crate) rules: Vec<Rule>,
    rest: Rest,
    rest_counts: Arc<RouteCounts>,
    stores: Vec<(String, Arc<dyn Sink>)>,
    pipeline: Arc<Pipeline>,
}

/// Where each record of a draft goes.
pub(crate) struct Plan {
    /// By piece: the lanes it goes to as it is.
    pub(crate) lanes: Vec<u64>,
    /// By rule: what it takes and processes.
    pub(crate) special: Vec<Vec<Piece>>,
    /// By rule: records and bytes that it took; the last one is what was left over.
    taken: Vec<(u64, u64)>,
    /// What nothing took.
    pub(crate) unrouted: Vec<u32>,
}

impl Router {
    /// Compiles the rules and makes their counts known in `routes`; `sink` finds the stores.
    pub fn new(
        rules: &[RuleConfig],
        rest: Rest,
        pipeline: Arc<Pipeline>,
        routes: &Routes,
        sink: &dyn Fn(&str) -> Arc<dyn Sink>,
    ) -> Result<Router, ProcessError> {
        let mut stores: Vec<(String, Arc<dyn Sink>)> = Vec::new();
        let mut compiled = Vec::new();
        for rule in rules {
            if rule.stores.is_empty() {
                return Err(ProcessError::Config(format!("the route {} names no stores", rule.name)));
            }
            let mut lane = |store: &String| {
                stores.iter().position(|(name, _)| name == store).unwrap_or_else(|| {
                    stores.push((store.clone(), sink(store)));
                    stores.len() - 1
                })
            };
            let mut lanes: Vec<usize> = rule.stores.iter().map(&mut lane).collect();
            lanes.sort_unstable();
            lanes.dedup();
            let when = Condition::new(&rule.when)?;
            let counts = routes.add(&rule.name, when.source(), rule.stores.clone());
            compiled.push(Rule { when, lanes, goes_on: rule.goes_on, process: rule.process.clone(), counts });
        }
        if stores.len() > STORES_MAX {
            return Err(ProcessError::Config(format!("routes name more than {STORES_MAX} stores")));
        }
        let stays = match rest {
            Rest::Own => vec!["(that of the receiver)".to_owned()],
            Rest::Drop => Vec::new(),
        };
        let rest_counts = routes.add("(rest)", "*", stays);
        Ok(Router { rules: compiled, rest, rest_counts, stores, pipeline })
    }

    /// The stores by lane, with that of a receiver; and its lane.
    pub(crate) fn lanes(&self, own: &str, sink: Arc<dyn Sink>) -> (Vec<Arc<dyn Sink>>, usize) {
        let mut lanes: Vec<Arc<dyn Sink>> = self.stores.iter().map(|(_, sink)| sink.clone()).collect();
        let at = self.stores.iter().position(|(name, _)| name == own).unwrap_or_else(|| {
            lanes.push(sink);
            lanes.len() - 1
        });
        (lanes, at)
    }

    /// Asks the rules about each record.
    pub(crate) fn plan(&self, draft: &Draft<'_>, own: usize) -> Plan {
        let rules = self.rules.len();
        let mut plan = Plan {
            lanes: Vec::with_capacity(draft.len()),
            special: vec![Vec::new(); rules],
            taken: vec![(0, 0); rules + 1],
            unrouted: Vec::new(),
        };
        let scratch = Scratch::default();
        for piece in &draft.pieces {
            let text = draft.text_of(piece);
            let view = View::new(text, draft.attributes_of(piece), &self.pipeline, &scratch);
            self.ask(piece, text.len() as u64, &view, own, &mut plan);
        }
        plan
    }

    fn ask(&self, piece: &Piece, bytes: u64, view: &View<'_>, own: usize, plan: &mut Plan) {
        let (mut lanes, mut is_taken, mut goes_on) = (0u64, false, true);
        for (i, rule) in self.rules.iter().enumerate() {
            if !(rule.when.is_all() || rule.when.holds(view)) {
                continue;
            }
            is_taken = true;
            count(plan.taken.get_mut(i), bytes);
            match (&rule.process, plan.special.get_mut(i)) {
                (Some(_), Some(special)) => special.push(*piece),
                _ => lanes |= rule.lanes.iter().fold(0, |bits, lane| bits | 1 << lane),
            }
            goes_on = rule.goes_on;
            if !goes_on {
                break;
            }
        }
        if goes_on && (self.rest == Rest::Own || !is_taken) {
            count(plan.taken.last_mut(), bytes);
            match self.rest {
                Rest::Own => lanes |= 1 << own,
                Rest::Drop => plan.unrouted.push(piece.id),
            }
        }
        plan.lanes.push(lanes);
    }

    /// Counts what a plan that was carried out has taken.
    pub(crate) fn settle(&self, plan: &Plan) {
        let counts = self.rules.iter().map(|rule| &rule.counts).chain([&self.rest_counts]);
        for (counts, (records, bytes)) in counts.zip(&plan.taken) {
            if *records > 0 {
                counts.add(*records, *bytes);
            }
        }
    }
}

fn count(taken: Option<&mut (u64, u64)>, bytes: u64) {
    if let Some((records, sum)) = taken {
        *records += 1;
        *sum += bytes;
    }
}
