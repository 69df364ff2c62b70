//! What is made of columns that are asked again, and kept in the cache beside them. It is made of what is decoded already,
//! so it counts neither as read nor as found.

use std::sync::Arc;

use gastrolog_chunk::ReadError;
use gastrolog_format::Ids;

use crate::cache::{Decoded, Part};
use crate::pattern_words::PatternWords;
use crate::postings::Postings;
use crate::view::View;

impl View<'_> {
    /// The rows of each of the `values` of a column's dictionary, if it is asked again.
    pub(crate) fn postings(&self, i: u32, ids: &Ids, values: usize) -> Option<Arc<Postings>> {
        let (cache, group) = (self.cached.cache, self.cached.group.id);
        if !self.is_asked_again(i) || !matches!(ids, Ids::U8(_)) {
            return None;
        }
        if let Some(Decoded::Postings(known)) = cache.get(group, Part::Postings(i)) {
            return Some(known);
        }
        let made = Arc::new(Postings::of(ids, values)?);
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
