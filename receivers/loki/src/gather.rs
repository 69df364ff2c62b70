//! Gathers the lines of a request.

use gastrolog_net::web::{Problem, Taken};
use gastrolog_types::{Attributes, Batch, Timestamp};

/// Labels and metadata of one line; Loki itself takes 15 and 128.
const PAIRS_MAX: usize = 512;
/// Lines that may be malformed; each has attributes of its own. With more the request is refused.
const MALFORMED_MAX: u64 = 10_000;
/// What a pair costs beside its bytes.
const PAIR_BYTES: usize = 48;

/// Name and value of a label.
pub(crate) type Pair = (String, Vec<u8>);

/// What a request may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) records: usize,
    pub(crate) attribute_bytes: usize,
}

/// Lines so far, and the labels of the next.
pub(crate) struct Gather {
    limits: Limits,
    ingest: Timestamp,
    own: Vec<Pair>,
    /// `own` and the labels of the stream.
    stream: Vec<Pair>,
    set: Attributes,
    /// Why the labels of the stream are not understood.
    trouble: Option<String>,
    batch: Batch,
    attribute_bytes: usize,
    malformed: u64,
}

impl Gather {
    pub(crate) fn new(own: Vec<Pair>, ingest: Timestamp, limits: Limits) -> Gather {
        let mut gather = Gather {
            limits,
            ingest,
            stream: own.clone(),
            set: Attributes::default(),
            own,
            trouble: None,
            batch: Batch::default(),
            attribute_bytes: 0,
            malformed: 0,
        };
        gather.set = Attributes::new(gather.own.iter().cloned());
        gather
    }

    /// Begins a stream. `trouble` is why its labels are not understood.
    pub(crate) fn stream(&mut self, labels: Vec<Pair>, trouble: Option<String>) -> Result<(), Problem> {
        self.stream.clone_from(&self.own);
        self.stream.extend(labels);
        self.trouble = trouble;
        self.set = self.attributes(&[])?;
        Ok(())
    }

    /// A line with its metadata.
    pub(crate) fn line(&mut self, line: &[u8], time: Timestamp, metadata: Vec<Pair>) -> Result<(), Problem> {
        if let Some(trouble) = &self.trouble {
            let reason = trouble.clone();
            return self.odd(line, time, metadata, &reason);
        }
        self.room()?;
        let set = match metadata.is_empty() {
            true => self.set.clone(),
            false => self.attributes(&metadata)?,
        };
        self.batch.push(line, &set, self.ingest, time);
        Ok(())
    }

    /// A line that does not follow the protocol.
    pub(crate) fn odd(
        &mut self,
        line: &[u8],
        time: Timestamp,
        mut metadata: Vec<Pair>,
        reason: &str,
    ) -> Result<(), Problem> {
        self.malformed += 1;
        if self.malformed > MALFORMED_MAX {
            return Err(Problem::Bad(format!("more than {MALFORMED_MAX} malformed entries: {reason}")));
        }
        self.room()?;
        metadata.insert(0, ("parse_error".to_owned(), reason.as_bytes().to_vec()));
        let set = self.attributes(&metadata)?;
        self.batch.push(line, &set, self.ingest, time);
        Ok(())
    }

    pub(crate) fn finish(self) -> Taken<()> {
        Taken::new(self.batch, self.malformed)
    }

    fn room(&self) -> Result<(), Problem> {
        let max = self.limits.records;
        if self.batch.len() < max {
            return Ok(());
        }
        Err(Problem::TooLarge(format!("more than {max} lines; send them in parts")))
    }

    fn attributes(&mut self, metadata: &[Pair]) -> Result<Attributes, Problem> {
        let pairs = self.stream.len() + metadata.len();
        if pairs > PAIRS_MAX {
            return Err(Problem::Bad(format!("a line with {pairs} labels; at most {PAIRS_MAX} are taken")));
        }
        let all = self.stream.iter().chain(metadata);
        self.attribute_bytes += all.clone().map(|(n, v)| n.len() + v.len() + PAIR_BYTES).sum::<usize>();
        let max = self.limits.attribute_bytes;
        if self.attribute_bytes > max {
            return Err(Problem::TooLarge(format!("labels of more than {max} bytes; send them in parts")));
        }
        let mut named: Vec<Pair> = Vec::with_capacity(pairs);
        for (name, value) in all {
            let mut name = name.clone();
            // Of two attributes with one name one would be lost.
            while named.iter().any(|(taken, _)| *taken == name) {
                name.push('_');
            }
            named.push((name, value.clone()));
        }
        Ok(Attributes::new(named))
    }
}
