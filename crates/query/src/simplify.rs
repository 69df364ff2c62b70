//! The canonical form of a filter.

use crate::Filter;

impl Filter {
    /// The same condition in canonical form: groups flattened, none empty or of one, no double negation, no `*`
    /// where it changes nothing. A group that nothing can satisfy is `NOT *`.
    pub fn simplify(self) -> Filter {
        match self {
            Filter::And(parts) => all_of(parts),
            Filter::Or(parts) => any_of(parts),
            Filter::Not(inner) => match inner.simplify() {
                Filter::Not(inner) => *inner,
                inner => Filter::Not(Box::new(inner)),
            },
            other => other,
        }
    }
}

fn all_of(parts: Vec<Filter>) -> Filter {
    let mut kept = Vec::with_capacity(parts.len());
    for part in parts {
        match part.simplify() {
            Filter::All => {}
            Filter::And(inner) => kept.extend(inner),
            part => kept.push(part),
        }
    }
    match kept.pop() {
        None => Filter::All,
        Some(only) if kept.is_empty() => only,
        Some(last) => {
            kept.push(last);
            Filter::And(kept)
        }
    }
}

fn any_of(parts: Vec<Filter>) -> Filter {
    let mut kept = Vec::with_capacity(parts.len());
    for part in parts {
        match part.simplify() {
            Filter::All => return Filter::All,
            Filter::Or(inner) => kept.extend(inner),
            part => kept.push(part),
        }
    }
    match kept.pop() {
        None => Filter::Not(Box::new(Filter::All)),
        Some(only) if kept.is_empty() => only,
        Some(last) => {
            kept.push(last);
            Filter::Or(kept)
        }
    }
}
