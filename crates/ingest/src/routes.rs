//! What the rules of routing have counted, for those who show it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// What one rule has taken so far. A batch that comes again because a store was away is counted once.
#[derive(Debug, Default)]
pub struct RouteCounts {
    records: AtomicU64,
    bytes: AtomicU64,
}

impl RouteCounts {
    /// Counts what is durable in all stores of the rule (or dropped, when that is the rule).
    pub fn add(&self, records: u64, bytes: u64) {
        self.records.fetch_add(records, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What there is to know about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteStatus {
    /// The name the operator gave it.
    pub name: String,
    /// Which records it takes, as a query.
    pub when: String,
    /// Where it sends them; nowhere when it drops them.
    pub stores: Vec<String>,
    /// Records that it took.
    pub records: u64,
    /// Bytes of their text.
    pub bytes: u64,
}

/// Lists what is counted elsewhere.
type Lister = Box<dyn Fn() -> Vec<RouteStatus> + Send + Sync>;

/// The rules of a process, in order.
#[derive(Default)]
pub struct Routes {
    rules: Mutex<Vec<(RouteStatus, Arc<RouteCounts>)>>,
    others: Mutex<Vec<Lister>>,
}

impl Routes {
    /// Adds a rule, whose counts are those of the result.
    pub fn add(&self, name: &str, when: &str, stores: Vec<String>) -> Arc<RouteCounts> {
        let counts = Arc::<RouteCounts>::default();
        let (name, when) = (name.to_owned(), when.to_owned());
        self.rules.lock().push((RouteStatus { name, when, stores, records: 0, bytes: 0 }, counts.clone()));
        counts
    }

    /// Shows behind the rules what `list` tells: what was cut of a source.
    pub fn list_also(&self, list: impl Fn() -> Vec<RouteStatus> + Send + Sync + 'static) {
        self.others.lock().push(Box::new(list));
    }

    /// All of them.
    pub fn status(&self) -> Vec<RouteStatus> {
        let now = |counts: &AtomicU64| counts.load(Ordering::Relaxed);
        let with_counts = |(status, counts): &(RouteStatus, Arc<RouteCounts>)| RouteStatus {
            records: now(&counts.records),
            bytes: now(&counts.bytes),
            ..status.clone()
        };
        let mut all: Vec<RouteStatus> = self.rules.lock().iter().map(with_counts).collect();
        all.extend(self.others.lock().iter().flat_map(|list| list()));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_each_has_taken() {
        let routes = Routes::default();
        let audit = routes.add("audit", "app=login", vec!["audit".into()]);
        routes.add("rest", "*", Vec::new());
        audit.add(2, 30);
        audit.add(1, 4);
        let status = routes.status();
        let shown = status.iter().map(|r| (r.name.as_str(), r.records, r.bytes)).collect::<Vec<_>>();
        assert_eq!(shown, [("audit", 3, 34), ("rest", 0, 0)]);
    }
}
