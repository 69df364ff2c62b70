//! The attribute sets of one container's records.

use gastrolog_follow::{Pairs, Stream};
use gastrolog_types::Attributes;

/// What of a record's attributes is its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) stream: Stream,
    pub(crate) truncated: bool,
    pub(crate) partial: bool,
    pub(crate) has_no_time: bool,
}

/// Makes each set once.
pub(crate) struct Sets {
    container: Pairs,
    made: Vec<(Own, Attributes)>,
}

impl Sets {
    pub(crate) fn new(receiver: &str, id: &str, known: Pairs) -> Sets {
        let own = [("receiver", receiver), ("container_id", id)];
        let own = own.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        Sets { container: own.into_iter().chain(known).collect(), made: Vec::new() }
    }

    pub(crate) fn of(&mut self, own: Own) -> Attributes {
        if let Some((_, set)) = self.made.iter().find(|(made, _)| *made == own) {
            return set.clone();
        }
        let known = self.container.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let stream = own.stream.name().map(|name| ("stream", name.as_bytes()));
        let said = [
            (own.truncated, ("truncated", &b"true"[..])),
            (own.partial, ("partial", &b"true"[..])),
            (own.has_no_time, ("parse_error", &b"it does not begin with a time"[..])),
        ];
        let said = said.into_iter().filter(|(holds, _)| *holds).map(|(_, pair)| pair);
        let set = Attributes::new(known.chain(stream).chain(said));
        self.made.push((own, set.clone()));
        set
    }
}
