//! What is made of columns that are asked again, and kept in the cache beside them. It is made of what is decoded already,
//! so it counts neither as read nor as found.

use std::sync::Arc;

use gastrolog_chunk::ReadError;
use gastrolog_format::{Ids, Strings};

use crate::cache::{Decoded, Part};
use crate::pattern_words::PatternWords;
use crate::postings::Postings;
use crate::view::View;

impl View<'_> {
    /// The rows of each value of a column's dictionary, if they were made before.
    pub(crate) fn known_postings(&self, i: u32) -> Option<Arc<Postings>> {
        match self.cached.peek(Part::Postings(i)) {
            Some(Decoded::Postings(known)) => Some(known),
            _ => None,
        }
    }

    /// The rows of each value of a column's dictionary, made if the column is asked again and the dictionary is small.
    pub(crate) fn postings(&self, i: u32, dictionary: &Strings, ids: &Ids) -> Option<Arc<Postings>> {
        let (cache, group) = (self.cached.cache, self.cached.group.id);
        if !self.is_asked_again(i) || !Postings::are_of(dictionary) {
            return None;
        }
        let made = Arc::new(Postings::of(dictionary, ids)?);
        cache.put(group, Part::Postings(i), Decoded::Postings(made.clone()));
        Some(made)
    }

    /// The words of each pattern of a column, if it has patterns and is asked again.
    pub(crate) fn pattern_words(&self, i: u32) -> Result<Option<Arc<PatternWords>>, ReadError> {
        let (cache, group) = (self.cached.cache, self.cached.group.id);
        if !self.is_asked_again(i) {
            return Ok(None);
        }
        if let Some(Decoded::PatternWords(known)) = cache.get(group, Part::PatternWords(i)) {
            return Ok(Some(known));
        }
        let Some(made) = PatternWords::of(self.column(i)?).map(Arc::new) else { return Ok(None) };
        cache.put(group, Part::PatternWords(i), Decoded::PatternWords(made.clone()));
        Ok(Some(made))
    }
}
