//! Builds nodes of a tree, and says where an estimate was wrong.

use crate::{ExplainNode, Fact};

/// Differences are told from so many times on …
const OFF_TIMES: u64 = 10;
/// … and fewer rows than this are as good as none.
const OFF_ROWS_MIN: u64 = 100;

/// A node without facts.
pub(super) fn node(title: impl Into<String>) -> ExplainNode {
    ExplainNode { title: title.into(), ..ExplainNode::default() }
}

impl ExplainNode {
    pub(super) fn text(&mut self, name: &str, text: impl Into<String>) {
        self.facts.push((name.to_owned(), Fact::Text(text.into())));
    }

    pub(super) fn count(&mut self, name: &str, n: u64) {
        self.facts.push((name.to_owned(), Fact::Count(n)));
    }

    pub(super) fn bytes(&mut self, name: &str, n: u64) {
        self.facts.push((name.to_owned(), Fact::Bytes(n)));
    }

    pub(super) fn nanos(&mut self, name: &str, n: u64) {
        self.facts.push((name.to_owned(), Fact::Nanos(n)));
    }

    /// A flag where so many rows were estimated, and others came.
    pub(super) fn flag_rows(&mut self, estimated: u64, actual: u64) {
        if let Some(flag) = off(estimated, actual, OFF_ROWS_MIN) {
            self.text("estimate of rows", flag);
        }
    }
}

/// How far an estimate is off, if that matters; numbers below `least` count as that.
pub(super) fn off(estimated: u64, actual: u64, least: u64) -> Option<String> {
    let (low, high) = (estimated.min(actual), estimated.max(actual));
    if high.max(least) / low.max(least).max(1) < OFF_TIMES {
        return None;
    }
    Some(match high.checked_div(low) {
        Some(times) => format!("off by {times}×"),
        None => "off by far: one of them is 0".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::off;

    #[test]
    fn flags_what_is_off_by_ten_times_and_not_small() {
        assert_eq!(off(50, 0, 100), None);
        assert_eq!(off(999, 1, 100), None);
        assert_eq!(off(4_500, 1, 100).as_deref(), Some("off by 4500×"));
        assert_eq!(off(1_000, 9_999, 100), None);
        assert_eq!(off(1_000, 10_000, 100).as_deref(), Some("off by 10×"));
        assert_eq!(off(0, 5_000, 100).as_deref(), Some("off by far: one of them is 0"));
    }
}
