//! What a value in a query means by its form, and how values of records compare with it.

mod time;
mod units;
mod version;

use std::cmp;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::expr::Net;
use crate::value::{Number, parse_number};

/// Longest text of an IP address.
const ADDRESS_BYTES_MAX: usize = 45;

/// Words for how severe something is, the least severe first; each line is of one severity.
const SEVERITIES: [&[&str]; 9] = [
    &["trace"],
    &["debug"],
    &["info", "informational"],
    &["notice"],
    &["warn", "warning"],
    &["error", "err"],
    &["critical", "crit", "fatal"],
    &["alert"],
    &["emergency", "emerg", "panic"],
];

/// A value as it stands in a query. Made by [`Literal::bare`] and [`Literal::quoted`].
#[derive(Clone, Debug)]
pub struct Literal {
    /// The value, unquoted.
    pub text: String,
    /// Whether it stood in quotes and would be more than text without them: it is text whatever it looks like. Quotes
    /// around anything else change nothing and are not kept, so that equal meanings are equal trees.
    pub quoted: bool,
    kind: LiteralKind,
}

/// What a literal without quotes means by its form. Values of the same kind are compared by what they are worth.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LiteralKind {
    /// Bytes.
    Text,
    /// `500`, `1.5e3`
    Number(Number),
    /// `250ms`, `1h30m`
    Duration(Worth),
    /// `10KB`, `2GiB`
    Size(Worth),
    /// `2026-01-02T03:04:05Z`, `2026-01-02`
    Time(Worth),
    /// `10.0.0.0/8`: equal are the addresses in the net; there is no larger or smaller.
    Net(Net),
    /// `v1.2`, `1.2.3-rc1`, `10.0.0.7`: larger and smaller part by part; equal is byte for byte.
    Version,
    /// `warn`: larger and smaller by severity; equal is byte for byte.
    Severity(Worth),
}

/// What a literal of some kind is worth, to be compared with another of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Worth(i128);

impl PartialEq for Literal {
    fn eq(&self, other: &Literal) -> bool {
        // The kind follows from these two.
        self.text == other.text && self.quoted == other.quoted
    }
}

impl Eq for Literal {}

impl Hash for Literal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.text, self.quoted).hash(state);
    }
}

impl Literal {
    /// A value that stood in a query without quotes.
    pub fn bare(text: impl Into<String>) -> Literal {
        let text = text.into();
        let kind = kind_of(text.as_bytes());
        Literal { text, quoted: false, kind }
    }

    /// A value that stood in quotes: text, whatever it looks like.
    pub fn quoted(text: impl Into<String>) -> Literal {
        let text = text.into();
        let quoted = !matches!(kind_of(text.as_bytes()), LiteralKind::Text);
        Literal { text, quoted, kind: LiteralKind::Text }
    }

    /// What it means by its form, for people.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            LiteralKind::Text => "text",
            LiteralKind::Number(_) => "number",
            LiteralKind::Duration(_) => "duration",
            LiteralKind::Size(_) => "size",
            LiteralKind::Time(_) => "time",
            LiteralKind::Net(_) => "net",
            LiteralKind::Version => "version",
            LiteralKind::Severity(_) => "severity",
        }
    }

    pub(crate) fn kind(&self) -> LiteralKind {
        self.kind
    }

    /// The number it stands for, if it is one and was not quoted.
    pub fn number(&self) -> Option<Number> {
        if let LiteralKind::Number(number) = self.kind { Some(number) } else { None }
    }

    /// Whether only the very same bytes are equal, so that an index of texts can tell.
    pub fn is_equal_by_bytes(&self) -> bool {
        matches!(self.kind, LiteralKind::Text | LiteralKind::Version | LiteralKind::Severity(_))
    }

    /// Whether values can be larger or smaller than it.
    pub fn has_order(&self) -> bool {
        !matches!(self.kind, LiteralKind::Net(_))
    }

    /// Whether a value is equal: the same bytes, or worth the same if both are of a kind for which that is so.
    pub fn equals(&self, value: &[u8]) -> bool {
        if self.text.as_bytes() == value {
            return true;
        }
        match self.kind {
            LiteralKind::Text | LiteralKind::Version | LiteralKind::Severity(_) => false,
            LiteralKind::Number(number) => self.equals_number(number, value),
            LiteralKind::Net(net) => address(value).is_some_and(|address| net.contains(address)),
            LiteralKind::Duration(worth) | LiteralKind::Size(worth) | LiteralKind::Time(worth) => {
                self.worth_of(value) == Some(worth)
            }
        }
    }

    fn equals_number(&self, number: Number, value: &[u8]) -> bool {
        // Cheap tests first: most values are not numbers, and most numbers are written in the one usual way.
        let may_be_number = value.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-');
        if !may_be_number || (is_usual_int(value) && is_usual_int(self.text.as_bytes())) {
            return false;
        }
        parse_number(value) == Some(number)
    }

    /// How a value compares with the literal: by what they are worth, `None` if the value is not of the literal's
    /// kind; texts by bytes.
    pub fn order_of(&self, value: &[u8]) -> Option<cmp::Ordering> {
        match self.kind {
            LiteralKind::Text => Some(value.cmp(self.text.as_bytes())),
            LiteralKind::Number(number) => Some(parse_number(value)?.compare(number)),
            LiteralKind::Net(_) => None,
            LiteralKind::Version => {
                Some(version::version(value)?.compare(version::version(self.text.as_bytes())?))
            }
            LiteralKind::Duration(worth)
            | LiteralKind::Size(worth)
            | LiteralKind::Time(worth)
            | LiteralKind::Severity(worth) => Some(self.worth_of(value)?.cmp(&worth)),
        }
    }

    /// The worth of a value as one of the literal's kind.
    fn worth_of(&self, value: &[u8]) -> Option<Worth> {
        let worth = match self.kind {
            LiteralKind::Duration(_) => units::duration(value),
            LiteralKind::Size(_) => units::size(value),
            LiteralKind::Time(_) => time::time(value),
            LiteralKind::Severity(_) => severity(value),
            _ => None,
        };
        worth.map(Worth)
    }
}

/// The first form that fits; no text fits two.
fn kind_of(text: &[u8]) -> LiteralKind {
    if let Some(number) = parse_number(text) {
        return LiteralKind::Number(number);
    }
    let net = || std::str::from_utf8(text).ok().filter(|t| t.contains('/')).and_then(Net::parse);
    let duration = units::duration(text).map(|w| LiteralKind::Duration(Worth(w)));
    duration
        .or_else(|| units::size(text).map(|w| LiteralKind::Size(Worth(w))))
        .or_else(|| time::time(text).map(|w| LiteralKind::Time(Worth(w))))
        .or_else(|| version::version(text).filter(|v| v.is_sure).map(|_| LiteralKind::Version))
        .or_else(|| severity(text).map(|w| LiteralKind::Severity(Worth(w))))
        .or_else(|| net().map(LiteralKind::Net))
        .unwrap_or(LiteralKind::Text)
}

/// How severe a word says it is, ASCII case aside.
fn severity(text: &[u8]) -> Option<i128> {
    let is_word = |words: &[&str]| words.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(text));
    SEVERITIES.iter().position(|words| is_word(words)).map(|at| at as i128)
}

fn address(value: &[u8]) -> Option<IpAddr> {
    let begins = value.first().is_some_and(|b| b.is_ascii_hexdigit() || *b == b':');
    if !begins || value.len() > ADDRESS_BYTES_MAX {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Whether these are the digits of a positive integer without leading zeros: two such texts that differ are
/// different numbers. (Longer ones are left to the parser, since they may be too large to tell apart.)
fn is_usual_int(text: &[u8]) -> bool {
    text.len() <= 18 && !text.starts_with(b"0") && text.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_form() {
        let kind = |text: &str| Literal::bare(text).kind_name();
        for (text, expected) in [
            ("500", "number"),
            ("1.5", "number"),
            ("250ms", "duration"),
            ("-1.5h", "duration"),
            ("10B", "size"),
            ("2GiB", "size"),
            ("2026-01-02", "time"),
            ("2026-01-02T03:04:05.5+01:00", "time"),
            ("10.0.0.0/8", "net"),
            ("2001:db8::/32", "net"),
            ("::/0", "net"),
            ("v1.2", "version"),
            ("10.0.0.7", "version"),
            ("WARN", "severity"),
            ("panic", "severity"),
            ("/api/8", "text"),
            ("10.0.0.0/33", "text"),
            ("2001:db8::1", "text"),
            ("warns", "text"),
            ("", "text"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
        assert!(Literal::quoted("1s").quoted && !Literal::quoted("one second").quoted);
        assert!(matches!(Literal::quoted("1s").kind, LiteralKind::Text));
    }
}
