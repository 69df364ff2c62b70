//! The entries of a message: time and record, one after the other.

use gastrolog_types::Timestamp;

use crate::json::{event_time, write_json};
use crate::msgpack::{Flaw, Reader, Token};

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// When it happened; `NONE` where it does not say.
    pub time: Timestamp,
    /// Metadata that Fluent Bit may send with the time, as JSON; empty when there is none.
    pub metadata: Vec<u8>,
    /// The record as JSON.
    pub json: Vec<u8>,
    /// Whether all its texts were UTF-8.
    pub utf8: bool,
    /// Whether it is a map, as it should be.
    pub is_map: bool,
}

/// Entries as msgpack, one after the other, each an array of time and record.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    bytes: Vec<u8>,
    at: usize,
    /// Whether the array around each entry is left out: the one entry of a message.
    bare: bool,
}

impl Entries {
    /// Arrays of time and record.
    pub fn packed(bytes: Vec<u8>) -> Entries {
        Entries { bytes, at: 0, bare: false }
    }

    /// One time and one record.
    pub(crate) fn bare(bytes: Vec<u8>) -> Entries {
        Entries { bytes, at: 0, bare: true }
    }

    /// What was not read yet; after an error what could not be read.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    /// Reads the next entry into `entry`; false at the end.
    pub fn next(&mut self, entry: &mut Entry) -> Result<bool, Flaw> {
        if self.rest().is_empty() {
            return Ok(false);
        }
        let mut reader = Reader::new(self.bytes.get(self.at..).unwrap_or(&[]));
        let more = if self.bare { 0 } else { open(&mut reader)? };
        read(&mut reader, entry)?;
        for _ in 0..more {
            reader.skip()?;
        }
        self.at += reader.at();
        Ok(true)
    }
}

/// Enters the array of an entry; how many values it has beyond time and record.
fn open(reader: &mut Reader<'_>) -> Result<u32, Flaw> {
    match reader.token()? {
        Token::Array(count) if count >= 2 => Ok(count - 2),
        _ => Err(Flaw::Unexpected("an entry must be an array of time and record")),
    }
}

fn read(reader: &mut Reader<'_>, entry: &mut Entry) -> Result<(), Flaw> {
    entry.metadata.clear();
    entry.json.clear();
    entry.time = match reader.token()? {
        Token::Array(2) => {
            let time = reader.token()?;
            let metadata = reader.whole()?;
            if !matches!(Reader::new(metadata).token()?, Token::Map(0)) {
                write_json(metadata, &mut entry.metadata)?;
            }
            read_time(&time)
        }
        Token::Array(_) | Token::Map(_) => return Err(Flaw::Unexpected("the time of an entry is none")),
        time => read_time(&time),
    };
    let record = reader.whole()?;
    entry.is_map = matches!(Reader::new(record).token()?, Token::Map(_));
    entry.utf8 = write_json(record, &mut entry.json)?;
    Ok(())
}

fn read_time(token: &Token<'_>) -> Timestamp {
    const NANOS: i64 = 1_000_000_000;
    let nanos = match *token {
        Token::Uint(seconds) => i64::try_from(seconds).ok().and_then(|s| s.checked_mul(NANOS)),
        Token::Int(seconds) => seconds.checked_mul(NANOS),
        // Far from where nanoseconds end, and no more exact than the sender was.
        Token::F64(seconds) if seconds.abs() < 9e9 => {
            let whole = seconds.trunc();
            Some(whole as i64 * NANOS + ((seconds - whole) * 1e9).round() as i64)
        }
        Token::Ext(kind, bytes) => {
            event_time(kind, bytes).map(|(seconds, nanos)| i64::from(seconds) * NANOS + i64::from(nanos))
        }
        _ => None,
    };
    nanos.map_or(Timestamp::NONE, Timestamp)
}
