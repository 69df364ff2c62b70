//! Which index answers each condition of a filter, in words.

use gastrolog_query::{FieldMatch, Filter, Predicate, TextMatch, required_words, required_words_of_value};

/// A condition of the filter and how it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateNote {
    /// The condition, as the query language writes it.
    pub condition: String,
    /// What answers it.
    pub answered_by: &'static str,
    /// A rewrite that would help.
    pub advice: Option<String>,
}

/// The conditions of a filter, in the order they stand.
pub fn predicate_notes(filter: &Filter) -> Vec<PredicateNote> {
    let mut notes = Vec::new();
    collect(filter, &mut notes);
    notes
}

fn collect(filter: &Filter, notes: &mut Vec<PredicateNote>) {
    match filter {
        Filter::All => {}
        Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|f| collect(f, notes)),
        Filter::Not(inner) => collect(inner, notes),
        Filter::Text(text) => notes.push(text_note(filter, text)),
        Filter::Field(field) => notes.push(field_note(filter, field)),
    }
}

fn text_note(filter: &Filter, text: &TextMatch) -> PredicateNote {
    let words = required_words(text);
    let answered_by = match text {
        TextMatch::Phrase(p) if words.len() == 1 && p.bytes().all(gastrolog_types::words::is_word_byte) => {
            "word filter of each row group, then literals and distinct values; no text is spliced"
        }
        TextMatch::Phrase(_) | TextMatch::Glob(_) if !words.is_empty() => {
            "word filter of each row group, then its words in columns, then the text of the rows left"
        }
        TextMatch::Regex(_) => "no index: the text of every row is spliced and searched",
        _ => "no index: it has no whole word, so the text of every row is spliced and searched",
    };
    let advice = words.is_empty().then(|| {
        format!("{filter} has no whole word that an index could look for; a field (field=/…/) or a word beside it reads less")
    });
    PredicateNote { condition: filter.to_string(), answered_by, advice }
}

fn field_note(filter: &Filter, field: &FieldMatch) -> PredicateNote {
    let answered_by = match &field.predicate {
        Predicate::Exists => "shapes: which rows have the field, without its values",
        Predicate::Equal(literal) if literal.number().is_some() => {
            "values in the footer, range of the column, then the column"
        }
        Predicate::Equal(literal) if literal.is_equal_by_bytes() => {
            "values in the footer, filter of each row group, then the column"
        }
        p if required_words_of_value(p).is_some_and(|w| !w.is_empty()) => {
            "values in the footer, filter of each row group by the words it needs, then the column"
        }
        Predicate::Compare(..) => "values and range in the footer, range of the column, then the column",
        _ => "values in the footer, then the column",
    };
    PredicateNote { condition: filter.to_string(), answered_by, advice: None }
}
