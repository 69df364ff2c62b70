//! Takes the body of a bulk request apart, without copying the documents.

use std::sync::Arc;

use gastrolog_net::json::{for_each_member, text};
use gastrolog_net::web::{Problem, Taken};
use gastrolog_types::{Attributes, Batch, NewRecord, Timestamp};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// Bytes of the name of an index, by Elasticsearch's own rule.
const INDEX_BYTES_MAX: usize = 255;
/// Bytes of an id, by Elasticsearch's own rule.
const ID_BYTES_MAX: usize = 512;

/// What is to be done with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Index,
    Create,
    Update,
    Delete,
}

impl Verb {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Verb::Index => "index",
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Delete => "delete",
        }
    }

    fn of(name: &str) -> Option<Verb> {
        [Verb::Index, Verb::Create, Verb::Update, Verb::Delete].into_iter().find(|v| v.name() == name)
    }

    /// Whether it adds a document.
    pub(crate) fn adds(self) -> bool {
        matches!(self, Verb::Index | Verb::Create)
    }
}

/// One action, for the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) verb: Verb,
    pub(crate) index: Arc<str>,
    pub(crate) id: Option<Box<str>>,
}

/// What a request is read with.
pub(crate) struct Reader {
    /// Attributes of every record.
    pub(crate) own: Vec<(String, Vec<u8>)>,
    /// The index of the path.
    pub(crate) index: Option<String>,
    pub(crate) ingest: Timestamp,
    pub(crate) actions_max: usize,
}

/// The documents and what is to be answered.
struct Found {
    records: Vec<NewRecord>,
    attributes: Vec<Attributes>,
    actions: Vec<Action>,
    malformed: u64,
    /// The index whose documents may share the last attribute set.
    shared: Option<Arc<str>>,
}

impl Reader {
    /// The documents of `body`. A line of action that is not understood spoils all behind it, so nothing is taken then,
    /// as by Elasticsearch.
    pub(crate) fn read(&self, body: Vec<u8>) -> Result<Taken<Vec<Action>>, Problem> {
        let mut found = Found {
            records: Vec::new(),
            attributes: Vec::new(),
            actions: Vec::new(),
            malformed: 0,
            shared: None,
        };
        let mut lines = Lines { body: &body, at: 0, number: 0 };
        while let Some((start, line)) = lines.next() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            if found.actions.len() >= self.actions_max {
                let max = self.actions_max;
                return Err(Problem::TooLarge(format!("more than {max} actions; send them in parts")));
            }
            let number = lines.number;
            let action = self.action(line, found.actions.last()).map_err(|reason| {
                Problem::Bad(format!("Malformed action/metadata line [{number}] at byte {start}: {reason}"))
            })?;
            if action.verb != Verb::Delete {
                let (start, document) = lines
                    .next()
                    .ok_or_else(|| Problem::Bad(format!("the action of line [{number}] has no document")))?;
                if action.verb.adds() {
                    self.add(&mut found, &action, start, document);
                }
            }
            found.actions.push(action);
        }
        let Found { records, attributes, actions, malformed, .. } = found;
        Ok(Taken { batch: Batch { text: body, records, attributes }, malformed, note: actions })
    }

    fn action(&self, line: &[u8], before: Option<&Action>) -> Result<Action, String> {
        let line = std::str::from_utf8(line).map_err(|e| e.to_string())?;
        let mut found = None;
        for_each_member(line, |name, value| {
            let verb = Verb::of(&name).ok_or_else(|| format!("unknown action {name:?}"))?;
            found = Some((verb, value));
            Ok(())
        })
        .map_err(|e| e.to_string())?;
        let (verb, target) = found.ok_or("no action")?;
        let (mut index, mut id) = (None, None);
        for_each_member(target.get(), |name, value| {
            match &*name {
                "_index" => index = plain(value),
                "_id" => id = plain(value),
                _ => {}
            }
            Ok(())
        })
        .map_err(|e| e.to_string())?;
        let index = index.or_else(|| self.index.clone()).filter(|index| !index.is_empty());
        let index = index.ok_or("the index is missing")?;
        if index.len() > INDEX_BYTES_MAX || id.as_ref().is_some_and(|id| id.len() > ID_BYTES_MAX) {
            return Err("the name of the index, or the id, is too long".to_owned());
        }
        // Mostly all documents go to one index.
        let index = match before {
            Some(before) if *before.index == *index => before.index.clone(),
            _ => index.into(),
        };
        Ok(Action { verb, index, id: id.map(Into::into) })
    }

    fn add(&self, found: &mut Found, action: &Action, start: usize, document: &[u8]) {
        let trouble = match serde_json::from_slice::<IgnoredAny>(document) {
            Ok(_) if document.trim_ascii_start().starts_with(b"{") => None,
            Ok(_) => Some("the document is not an object".to_owned()),
            Err(e) => Some(format!("the document is not JSON: {e}")),
        };
        found.malformed += u64::from(trouble.is_some());
        let plain = action.id.is_none() && trouble.is_none();
        if !plain || found.shared.as_ref() != Some(&action.index) {
            let mut pairs = self.own.clone();
            pairs.push(("_index".to_owned(), action.index.as_bytes().to_vec()));
            pairs.extend(action.id.as_ref().map(|id| ("_id".to_owned(), id.as_bytes().to_vec())));
            pairs.extend(trouble.map(|reason| ("parse_error".to_owned(), reason.into_bytes())));
            found.attributes.push(Attributes::new(pairs));
            found.shared = plain.then(|| action.index.clone());
        }
        found.records.push(NewRecord {
            start: start as u32,
            end: (start + document.len()) as u32,
            attributes: found.attributes.len() as u32 - 1,
            ingest: self.ingest,
            source: Timestamp::NONE,
        });
    }
}

/// A text, or a number as its digits; `None` for `null`.
fn plain(value: &RawValue) -> Option<String> {
    match value.get() {
        "null" => None,
        json => Some(text(value).map_or_else(|| json.to_owned(), |text| text.into_owned())),
    }
}

/// The lines of a body with where they begin, without their LF, numbered from 1.
struct Lines<'b> {
    body: &'b [u8],
    at: usize,
    number: usize,
}

impl<'b> Iterator for Lines<'b> {
    type Item = (usize, &'b [u8]);

    fn next(&mut self) -> Option<(usize, &'b [u8])> {
        let rest = self.body.get(self.at..).filter(|rest| !rest.is_empty())?;
        let line = rest.split(|&b| b == b'\n').next().unwrap_or(rest);
        let start = self.at;
        self.at += line.len() + 1;
        self.number += 1;
        Some((start, line))
    }
}
