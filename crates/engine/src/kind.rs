//! A guess of what the values of a field are.

use gastrolog_query::{Number, parse_number};
use gastrolog_types::TimeLayout;

/// What values look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Number,
    Bool,
    Address,
    Time,
    Text,
}

impl Kind {
    pub(crate) fn of(value: &[u8]) -> Kind {
        let text = std::str::from_utf8(value).unwrap_or_default();
        match parse_number(value) {
            Some(Number::Int(_) | Number::Wide(_)) => Kind::Integer,
            Some(_) => Kind::Number,
            None if matches!(text, "true" | "false") => Kind::Bool,
            None if text.parse::<std::net::IpAddr>().is_ok() => Kind::Address,
            None if TimeLayout::detect_whole(value).is_some() => Kind::Time,
            None => Kind::Text,
        }
    }

    /// What values of both kinds are.
    pub(crate) fn with(self, other: Kind) -> Kind {
        match (self, other) {
            (a, b) if a == b => a,
            (Kind::Integer | Kind::Number, Kind::Integer | Kind::Number) => Kind::Number,
            _ => Kind::Text,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Bool => "bool",
            Kind::Address => "address",
            Kind::Time => "time",
            Kind::Text => "text",
        }
    }
}

/// The name of what values of both kinds are.
pub(crate) fn wider<'a>(a: &'a str, b: &'a str) -> &'a str {
    match (a, b) {
        (a, b) if a == b => a,
        ("", _) | (_, "") => "",
        ("integer" | "number", "integer" | "number") => "number",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_values() {
        let of = |values: &[&str]| {
            values.iter().map(|v| Kind::of(v.as_bytes())).reduce(Kind::with).map(Kind::name)
        };
        assert_eq!(of(&["1", "-20"]), Some("integer"));
        assert_eq!(of(&["1", "2.5"]), Some("number"));
        assert_eq!(of(&["true", "false"]), Some("bool"));
        assert_eq!(of(&["10.0.0.7", "::1"]), Some("address"));
        assert_eq!(of(&["2025-10-10T13:55:36Z"]), Some("time"));
        assert_eq!(of(&["1", "x"]), Some("text"));
        assert_eq!(
            (wider("integer", "number"), wider("", "text"), wider("bool", "time")),
            ("number", "", "text")
        );
    }
}
