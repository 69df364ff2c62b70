//! A command line as far as it was typed, taken apart as a shell does.

/// Characters at which bash begins a new word of its own within a word, outside of quotes.
const BASH_BREAKS: &[char] = &['"', '\'', '@', '>', '<', '=', ';', '|', '&', '(', ':'];

/// The words of a line up to the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Whole words behind the name of the command.
    pub(super) before: Vec<String>,
    /// What was typed of the last one, without quotes.
    pub(super) last: String,
    /// Whether it stands in quotes that are still open.
    pub(super) quoted: bool,
}

/// The end of what was typed of a query.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What stands before it in the same word.
    pub(super) before: &'a str,
    /// Name of a field and the operator behind it, if a value is being typed.
    pub(super) name: Option<(&'a str, &'a str)>,
    /// What was typed of a value, else of a name.
    pub(super) value: &'a str,
}

/// Takes a line apart. `None`: it is not about this command.
pub(super) fn split(line: &str) -> Option<Line> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t' | '\n') => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    let is_command = |w: &String| w.rsplit('/').next() == Some("gastrolog");
    let at = words.iter().position(is_command)?;
    let before = words.split_off(at + 1);
    Some(Line { before, last: word.unwrap_or_default(), quoted: quote.is_some() })
}

impl Line {
    /// How many bytes of the last word bash keeps and does not want to be repeated.
    pub(super) fn kept_by_bash(&self) -> usize {
        if self.quoted { 0 } else { self.last.rfind(BASH_BREAKS).map_or(0, |at| at + 1) }
    }

    /// Whether the query is past its filter.
    pub(super) fn has_pipe(&self) -> bool {
        self.last.contains('|') || self.before.iter().any(|w| w.contains('|'))
    }

    /// The end of the last word, as the query language sees it.
    pub(super) fn token(&self) -> Token<'_> {
        let start = self.last.rfind([' ', '(', '|', ',', '\t']).map_or(0, |at| at + 1);
        let (before, token) = self.last.split_at(start);
        let is_operator = |c: char| matches!(c, '=' | '!' | '<' | '>');
        match token.find(is_operator) {
            None => Token { before, name: None, value: token },
            Some(at) => {
                let (name, rest) = token.split_at(at);
                let value = rest.trim_start_matches(is_operator);
                let operator = rest.get(..rest.len() - value.len()).unwrap_or_default();
                Token { before, name: Some((name, operator)), value }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart_as_the_shell_does() {
        let line = split("sudo /usr/bin/gastrolog query --name 'a b' x\\ y 'status=5").unwrap();
        assert_eq!(line.before, ["query", "--name", "a b", "x y"]);
        assert_eq!((line.last.as_str(), line.quoted, line.kept_by_bash()), ("status=5", true, 0));
        let line = split("gastrolog query host=a:b").unwrap();
        assert_eq!(line.kept_by_bash(), "host=a:".len());
        assert_eq!(split("gastrolog query ").unwrap().last, "");
        assert_eq!(split("ls -l"), None);
        assert_eq!(
            split("gastrolog query \"\\"),
            Some(Line { before: vec!["query".into()], last: "".into(), quoted: true })
        );
    }

    #[test]
    fn tokens_of_a_query() {
        let token = |last: &str| {
            let line = Line { before: vec![], last: last.into(), quoted: false };
            let Token { before, name, value } = line.token();
            let name = name.map(|(n, o)| format!("{n}{o}"));
            (before.to_owned(), name, value.to_owned())
        };
        let some = |n: &str| Some(n.to_owned());
        assert_eq!(token("sta"), ("".into(), None, "sta".into()));
        assert_eq!(token("status=5"), ("".into(), some("status="), "5".into()));
        assert_eq!(token("(a=1 OR b!="), ("(a=1 OR ".into(), some("b!="), "".into()));
        assert_eq!(token("x|"), ("x|".into(), None, "".into()));
    }
}
