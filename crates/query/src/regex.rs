//! Regular expressions of bounded size.

use crate::Regex;

/// Bytes that one compiled expression may take.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// Why an expression was refused, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegexError {
    /// What is wrong.
    pub message: String,
    /// Byte range in the source.
    pub span: std::ops::Range<usize>,
}

impl Regex {
    /// Compiles `source`, in which `\/` may stand for `/`.
    ///
    /// # Errors
    /// When it is empty, no regular expression, or larger than 1 MiB when compiled.
    pub fn new(source: &str) -> Result<Regex, RegexError> {
        if source.is_empty() {
            return Err(RegexError { message: "an empty regular expression".into(), span: 0..0 });
        }
        let plain = unescape_slashes(source);
        let mut builder = regex::bytes::RegexBuilder::new(&plain);
        match builder.unicode(true).size_limit(COMPILED_BYTES_MAX).build() {
            Ok(compiled) => {
                let words = crate::regex_words::words_of(&plain);
                Ok(Regex { source: plain, compiled, words })
            }
            Err(error) => Err(explain(source, &error)),
        }
    }

    /// The source with every `/` written `\/`, as it stands between slashes.
    pub(crate) fn escaped_source(&self) -> String {
        let mut out = String::with_capacity(self.source.len() + 2);
        let mut chars = self.source.chars();
        while let Some(c) = chars.next() {
            match c {
                '/' => out.push_str("\\/"),
                '\\' => out.extend(std::iter::once(c).chain(chars.next())),
                c => out.push(c),
            }
        }
        out
    }
}

fn unescape_slashes(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some(next)) => {
                chars.next();
                out.extend((next != '/').then_some('\\'));
                out.push(next);
            }
            _ => out.push(c),
        }
    }
    out
}

/// The compiler's error is a drawing of its own; the parser's has a position.
fn explain(source: &str, error: &regex::Error) -> RegexError {
    if let regex::Error::CompiledTooBig(limit) = error {
        let message = format!("the regular expression takes more than {limit} bytes when compiled");
        return RegexError { message, span: 0..source.len() };
    }
    let parsed = regex_syntax::ParserBuilder::new().utf8(false).build().parse(source);
    let (message, span) = match &parsed {
        Err(regex_syntax::Error::Parse(e)) => (e.kind().to_string(), e.span()),
        Err(regex_syntax::Error::Translate(e)) => (e.kind().to_string(), e.span()),
        _ => return RegexError { message: "not a regular expression".into(), span: 0..source.len() },
    };
    RegexError { message, span: span.start.offset..span.end.offset }
}
