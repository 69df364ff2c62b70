//! The attribute sets of one file's records.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use gastrolog_types::Attributes;

use crate::decode::{Pairs, Stream};

/// Sets that are kept for the next record; files have few, unless each line says something of its own.
const KEPT_MAX: usize = 16;

/// What of a record's attributes is its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) stream: Stream,
    /// It was cut off.
    pub(crate) truncated: bool,
    /// The next record of its stream goes on with its line.
    pub(crate) partial: bool,
    pub(crate) pairs: Pairs,
    /// Why it is not of the format.
    pub(crate) parse_error: Option<String>,
}

/// Makes attribute sets, each once.
pub(crate) struct Sets {
    base: Pairs,
    file: Pairs,
    kept: Vec<(Own, Attributes)>,
}

impl Sets {
    pub(crate) fn new(receiver: &str, path: &Path) -> Sets {
        let base = vec![
            ("receiver".to_owned(), receiver.as_bytes().to_vec()),
            ("file".to_owned(), path.as_os_str().as_bytes().to_vec()),
        ];
        Sets { base, file: Pairs::new(), kept: Vec::new() }
    }

    /// From now on `file` is what is known of the file.
    pub(crate) fn learn(&mut self, file: Pairs) {
        self.file = file;
        self.kept.clear();
    }

    /// The set of a record.
    pub(crate) fn of(&mut self, own: Own) -> Attributes {
        if let Some((_, set)) = self.kept.iter().find(|(kept, _)| *kept == own) {
            return set.clone();
        }
        let set = self.make(&own);
        if self.kept.len() >= KEPT_MAX {
            self.kept.clear();
        }
        self.kept.push((own, set.clone()));
        set
    }

    fn make(&self, own: &Own) -> Attributes {
        let known = self.base.iter().chain(&self.file).map(|(name, value)| (name.as_str(), value.as_slice()));
        let stream = own.stream.name().map(|name| ("stream", name.as_bytes()));
        let truncated = own.truncated.then_some(("truncated", &b"true"[..]));
        let partial = own.partial.then_some(("partial", &b"true"[..]));
        let error = own.parse_error.as_ref().map(|why| ("parse_error", why.as_bytes()));
        let pairs = own.pairs.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        Attributes::new(known.chain(stream).chain(truncated).chain(partial).chain(error).chain(pairs))
    }
}
