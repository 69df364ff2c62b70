//! The rules of redaction, ready to use.

use aws_lc_rs::hmac;
use gastrolog_index::{Pipeline, RangeSet};
use gastrolog_types::Attributes;

use super::fields::{self, Edit, FieldPattern};
use super::{Pattern, with_pair};
use crate::ProcessError;
use crate::draft::Draft;
use crate::view::{Scratch, View};

/// Times that all patterns are asked: what is left stands together differently, and may match anew.
const PASSES_MAX: usize = 8;

/// What takes the place of all of a text that matches for ever.
const ALL: &[u8] = b"[redacted]";

/// Attributes that are the server's own words.
const KEPT: [&str; 1] = ["receiver"];

/// A salt that is shorter is found by trying.
const SALT_BYTES_MIN: usize = 16;

/// A rule as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactConfig {
    /// Fields of the text and attributes whose values go, by path; `*` stands for anything.
    pub fields: Vec<String>,
    /// What goes wherever it stands; see [`Pattern::new`].
    pub patterns: Vec<String>,
    /// What takes its place.
    pub action: Action,
}

/// What takes the place of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Always the same text.
    Replace(String),
    /// `[hash:…]`, 64 bits of an HMAC-SHA256 under this salt: equal values stay equal.
    Hash(Vec<u8>),
    /// Nothing. A bare value of JSON becomes `null`; an attribute goes with its name.
    Remove,
}

/// All rules of redaction.
pub struct Redactor {
    rules: Vec<Rule>,
}

struct Rule {
    fields: Vec<FieldPattern>,
    patterns: Vec<Pattern>,
    action: Action,
}

impl Default for Action {
    fn default() -> Action {
        Action::Replace("[redacted]".to_owned())
    }
}

impl Action {
    pub(super) fn instead_of(&self, secret: &[u8]) -> Vec<u8> {
        match self {
            Action::Replace(text) => text.clone().into_bytes(),
            Action::Remove => Vec::new(),
            Action::Hash(salt) => hashed(salt, secret),
        }
    }

    fn check(&self) -> Result<(), ProcessError> {
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\' | b'=' | b',');
        let why = match self {
            Action::Replace(text) if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) => {
                "what takes the place of a secret has 1 to 64 visible ASCII characters, without quotes, backslash, comma, ="
            }
            Action::Hash(salt) if salt.len() < SALT_BYTES_MIN => "a salt has 16 bytes or more",
            _ => return Ok(()),
        };
        Err(ProcessError::Config(why.to_owned()))
    }
}

/// Letters only: no digits, so that it is part of no number; brackets, so that it is part of no word.
fn hashed(salt: &[u8], secret: &[u8]) -> Vec<u8> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), secret);
    let letters = tag.as_ref().iter().take(8).flat_map(|b| [b'a' + (b >> 4), b'a' + (b & 15)]);
    b"[hash:".iter().copied().chain(letters).chain([b']']).collect()
}

impl Redactor {
    /// Compiles the rules.
    ///
    /// # Errors
    /// Also when a pattern matches what takes the place of a secret: it would never end.
    pub fn new(configs: &[RedactConfig]) -> Result<Redactor, ProcessError> {
        let mut rules = Vec::new();
        for RedactConfig { fields, patterns, action } in configs {
            action.check()?;
            if fields.is_empty() && patterns.is_empty() {
                let why = "a rule of redaction needs `fields`, `patterns` or both";
                return Err(ProcessError::Config(why.to_owned()));
            }
            rules.push(Rule {
                fields: fields.iter().map(|f| FieldPattern::new(f)).collect(),
                patterns: patterns.iter().map(|p| Pattern::new(p)).collect::<Result<_, _>>()?,
                action: action.clone(),
            });
        }
        let redactor = Redactor { rules };
        for rule in configs {
            let instead = rule.action.instead_of(b"secret");
            if redactor.rules.iter().flat_map(|r| &r.patterns).any(|p| !p.find(&instead).is_empty()) {
                let text = String::from_utf8_lossy(&instead).into_owned();
                return Err(ProcessError::Config(format!(
                    "a pattern matches `{text}`, which takes its place"
                )));
            }
        }
        Ok(redactor)
    }

    /// Whether a rule goes by the names of fields.
    pub(crate) fn names_fields(&self) -> bool {
        self.rules.iter().any(|rule| !rule.fields.is_empty())
    }

    /// `text` without its secrets; `None` when it has none.
    pub fn text(&self, text: &[u8], pipeline: &Pipeline) -> Option<Vec<u8>> {
        let (scratch, none) = (Scratch::default(), Attributes::default());
        self.text_seen(&View::new(text, &none, pipeline, &scratch), text, pipeline)
    }

    pub(crate) fn apply(&self, draft: &mut Draft<'_>, pipeline: &Pipeline, scratch: &Scratch) {
        let mut last: Option<(u32, Option<Attributes>)> = None;
        for i in 0..draft.len() {
            let Some(&before) = draft.pieces.get(i) else { continue };
            let text = draft.text_of(&before);
            let view = View::new(text, draft.attributes_of(&before), pipeline, scratch);
            let text = self.text_seen(&view, text, pipeline);
            if last.as_ref().is_none_or(|(set, _)| *set != before.attributes) {
                last = Some((before.attributes, self.attributes(draft.attributes_of(&before))));
            }
            let mut piece = text.map_or(before, |text| draft.with_text(before, &text));
            if let Some((_, Some(attributes))) = &last {
                piece = draft.with_attributes(piece, attributes.clone());
            }
            if let Some(place) = draft.pieces.get_mut(i) {
                *place = piece;
            }
        }
    }

    fn text_seen(&self, view: &View<'_>, text: &[u8], pipeline: &Pipeline) -> Option<Vec<u8>> {
        let has_fields = self.rules.iter().any(|rule| !rule.fields.is_empty());
        let edits =
            if has_fields { fields::edits(&view.parsed(), text, |p| self.action_for(p)) } else { Vec::new() };
        let without = (!edits.is_empty()).then(|| fields::edited(text, &edits));
        let bare = |text: &[u8], edits: &mut [Edit]| quote_bare(text, edits, pipeline);
        self.without_patterns(without.as_deref().unwrap_or(text), &bare).or(without)
    }

    fn action_for(&self, path: &str) -> Option<&Action> {
        let rule = self.rules.iter().find(|rule| rule.fields.iter().any(|field| field.matches(path)));
        rule.map(|rule| &rule.action)
    }

    /// Until no pattern matches: a pass may bring together what then is a secret. Whatever takes the place of one never
    /// matches, so that each pass uses up bytes of the text; and if that takes too long, the whole text goes.
    fn without_patterns(&self, text: &[u8], adapt: &dyn Fn(&[u8], &mut [Edit])) -> Option<Vec<u8>> {
        let mut changed: Option<Vec<u8>> = None;
        for _ in 0..PASSES_MAX {
            let mut found_any = false;
            for rule in &self.rules {
                for pattern in &rule.patterns {
                    let now = changed.as_deref().unwrap_or(text);
                    let found = pattern.find(now);
                    if found.is_empty() {
                        continue;
                    }
                    let with = |r: &std::ops::Range<usize>| {
                        rule.action.instead_of(now.get(r.clone()).unwrap_or(&[]))
                    };
                    let mut edits: Vec<Edit> =
                        found.into_iter().map(|range| Edit { with: with(&range), range }).collect();
                    adapt(now, &mut edits);
                    changed = Some(fields::edited(now, &edits));
                    found_any = true;
                }
            }
            if !found_any {
                return changed;
            }
        }
        tracing::warn!("a record went on to match patterns of redaction; all of its text is taken out");
        Some(ALL.to_vec())
    }

    /// Whether no pattern finds anything in `text`.
    #[cfg(test)]
    pub(crate) fn without_any(&self, text: &[u8]) -> bool {
        self.rules.iter().flat_map(|rule| &rule.patterns).all(|pattern| pattern.find(text).is_empty())
    }

    /// `None` when they may stay as they are.
    fn attributes(&self, attributes: &Attributes) -> Option<Attributes> {
        let mut out = attributes.clone();
        for (name, value) in attributes.iter().filter(|(name, _)| !KEPT.contains(name)) {
            let action = self.action_for(name);
            let with = match action {
                Some(action) => Some(action.instead_of(value)),
                None => self.without_patterns(value, &|_, _| {}),
            };
            match (action, with) {
                (Some(Action::Remove), _) => {
                    out = Attributes::new(out.iter().filter(|(n, _)| *n != name));
                }
                (_, Some(with)) => out = with_pair(&out, name, &with),
                (_, None) => {}
            }
        }
        (out != *attributes).then_some(out)
    }
}

/// A number of JSON that is taken out as a whole gets quotes, so that the record stays JSON.
fn quote_bare(text: &[u8], edits: &mut [Edit], pipeline: &Pipeline) {
    let may_be = |edit: &Edit| {
        let before = text.get(..edit.range.start).unwrap_or(&[]).trim_ascii_end().last();
        let after = text.get(edit.range.end..).unwrap_or(&[]).trim_ascii_start().first();
        matches!(before, Some(b':' | b'[' | b',')) && matches!(after, Some(b',' | b'}' | b']'))
    };
    if !edits.iter().any(may_be) {
        return;
    }
    let mut ranges = RangeSet::default();
    pipeline.parse(text, &mut ranges);
    for edit in edits.iter_mut().filter(|edit| may_be(edit)) {
        if fields::is_bare_json_at(&ranges, &edit.range) {
            edit.with = fields::json_value(&edit.with);
        }
    }
}
