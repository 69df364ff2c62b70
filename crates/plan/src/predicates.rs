//! Which index answers each condition of a filter, in words.

use gastrolog_query::{FieldMatch, Filter, Predicate, TextMatch, required_words, required_words_of_value};

/// A condition without parts and how it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateNote {
    /// The condition, as the query language writes it.
    pub condition: String,
    /// What answers it.
    pub answered_by: &'static str,
    /// The field that it names, if it names one.
    pub field: Option<String>,
    /// A rewrite that would help.
    pub advice: Option<String>,
}

/// The note of a condition without parts.
pub(crate) fn note(leaf: &Filter) -> Option<PredicateNote> {
    match leaf {
        Filter::Text(text) => Some(text_note(leaf, text)),
        Filter::Field(field) => Some(field_note(leaf, field)),
        _ => None,
    }
}

fn text_note(filter: &Filter, text: &TextMatch) -> PredicateNote {
    let words = required_words(text);
    let answered_by = match text {
        TextMatch::Phrase(p) if words.len() == 1 && p.bytes().all(gastrolog_types::words::is_word_byte) => {
            "word filter of each row group, then literals and distinct values; no text is spliced"
        }
        _ if !words.is_empty() => {
            "word filter of each row group, then its words in columns, then the text of the rows left"
        }
        TextMatch::Regex(_) => {
            "no index: no whole word is sure to be in a match, so the text of every row is spliced and searched"
        }
        _ => "no index: it has no whole word, so the text of every row is spliced and searched",
    };
    let advice = words.is_empty().then(|| text_advice(filter, text));
    PredicateNote { condition: filter.to_string(), answered_by, field: None, advice }
}

fn text_advice(filter: &Filter, text: &TextMatch) -> String {
    match text {
        TextMatch::Regex(_) => format!(
            "{filter} has no word with a space or sign on both sides, which an index could look for; a word or \
             phrase beside it reads less"
        ),
        _ => format!(
            "{filter} has no whole word that an index could look for; a field (field=/…/) or a word beside it \
             reads less"
        ),
    }
}

fn field_note(filter: &Filter, field: &FieldMatch) -> PredicateNote {
    let by_words = required_words_of_value(&field.predicate).is_some_and(|w| !w.is_empty());
    let answered_by = match &field.predicate {
        Predicate::Exists => "shapes: which rows have the field, without its values",
        Predicate::Equal(_) if by_words => "values in the footer, filter of each row group, then the column",
        Predicate::Equal(literal) if literal.number().is_some() => {
            "values in the footer, range of the column, then the column"
        }
        _ if by_words => {
            "values in the footer, filter of each row group by the words it needs, then the column"
        }
        Predicate::Compare(..) => "values and range in the footer, range of the column, then the column",
        _ => "values in the footer, then the column",
    };
    let name = match &field.field {
        gastrolog_query::FieldName::Exact(name) => Some(name.clone()),
        gastrolog_query::FieldName::Glob(_) => None,
    };
    PredicateNote { condition: filter.to_string(), answered_by, field: name, advice: None }
}
