//! What is recognised without knowing the format of the record.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use super::{card, net};
use crate::ProcessError;

/// Memory that a compiled expression may take.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// An address of mail. Bytes above 127 are letters of some language.
const EMAIL: &str =
    r"(?-u)[A-Za-z0-9._%+\-\x80-\xff]+@(?:[A-Za-z0-9\-\x80-\xff]{1,63}\.){1,8}[A-Za-z\x80-\xff]{2,24}";
/// A JSON Web Token: two base64 texts, the first of them that of an object, and a signature.
const JWT: &str = r"(?-u)eyJ[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]{2,}\.[A-Za-z0-9_\-]*";
/// Keys that say themselves whose they are: AWS, GitHub, GitLab, Slack, Stripe, Google, npm, `sk-…`.
const API_KEY: &str = r"(?x-u)
    \b(?: (?:AKIA|ASIA)[0-9A-Z]{16}
        | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,} | glpat-[A-Za-z0-9_\-]{20,}
        | xox[abeoprs]-[A-Za-z0-9\-]{10,}
        | [rs]k_(?:live|test)_[A-Za-z0-9]{10,}
        | AIza[0-9A-Za-z_\-]{35}
        | npm_[A-Za-z0-9]{36}
        | sk-[A-Za-z0-9_\-]{20,} )";

/// One pattern.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// Numbers of payment cards.
    Card,
    /// Addresses of IPv4.
    Ipv4,
    /// Addresses of IPv6.
    Ipv6,
    /// All others: mail, tokens, keys, and expressions of the operator.
    Regex(Regex),
}

impl Pattern {
    /// A pattern by its name (`card` `email` `ipv4` `ipv6` `jwt` `api_key`), or an expression between slashes.
    pub fn new(text: &str) -> Result<Pattern, ProcessError> {
        match text {
            "card" => Ok(Pattern::Card),
            "ipv4" => Ok(Pattern::Ipv4),
            "ipv6" => Ok(Pattern::Ipv6),
            "email" => compile(EMAIL),
            "jwt" => compile(JWT),
            "api_key" => compile(API_KEY),
            _ => match text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
                Some(source) => compile(source),
                None => Err(ProcessError::Config(format!(
                    "`{text}` is no pattern: card, email, ipv4, ipv6, jwt, api_key or /REGULAR EXPRESSION/"
                ))),
            },
        }
    }

    /// All places, in order, that do not overlap. Empty ones are none.
    pub fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        match self {
            Pattern::Card => card::find(text, &mut found),
            Pattern::Ipv4 => net::v4(text, &mut found),
            Pattern::Ipv6 => net::v6(text, &mut found),
            Pattern::Regex(regex) => {
                found.extend(regex.find_iter(text).map(|m| m.range()).filter(|r| !r.is_empty()));
            }
        }
        found
    }
}

fn compile(source: &str) -> Result<Pattern, ProcessError> {
    let regex = RegexBuilder::new(source).size_limit(REGEX_BYTES_MAX).dfa_size_limit(REGEX_BYTES_MAX).build();
    regex.map(Pattern::Regex).map_err(|e| ProcessError::Pattern(source.to_owned(), e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(pattern: &str, text: &'t str) -> Vec<&'t str> {
        Pattern::new(pattern).unwrap().find(text.as_bytes()).into_iter().map(|r| &text[r]).collect()
    }

    #[test]
    fn known_patterns() {
        assert_eq!(
            found("email", "to <a.b+c@mail.example.org>, bö@bücher.example"),
            ["a.b+c@mail.example.org", "bö@bücher.example"]
        );
        assert!(found("email", "user@host, a@b.c, @x.yz").is_empty());
        let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln";
        assert_eq!(found("jwt", &format!("Bearer {token}\"")), [token]);
        // Put together here, so that nobody who scans this file believes them.
        for key in [
            ["AKIA", "IOSFODNN7EXAMPLE"],
            ["ghp_", "0123456789abcdefghijklmnopqrstuvwxyz"],
            ["sk_live_", "0123456789abcdef"],
            ["xoxb-", "123456789012-abcdef"],
        ] {
            let key = key.concat();
            assert_eq!(found("api_key", &format!("key={key};")), [key]);
        }
        assert_eq!(found(r"/pin=\d+/", "pin=1234 x"), ["pin=1234"]);
        assert!(Pattern::new("pin").unwrap_err().to_string().contains("api_key"));
        assert!(Pattern::new("/(/").is_err());
    }
}
