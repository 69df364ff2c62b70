//! A message: which of the four modes it is, its tag, and what is to be acknowledged.

use gastrolog_net::inflate::{Codec, InflateLimits, inflate};

use crate::entries::Entries;
use crate::msgpack::{Flaw, Reader, Token};

/// How large a message may be.
#[derive(Clone, Copy, Debug)]
pub struct MessageLimits {
    /// A message as it comes.
    pub bytes_max: usize,
    /// What its entries may inflate to.
    pub inflate: InflateLimits,
}

/// A message of any mode.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its tag.
    pub tag: Vec<u8>,
    /// The id to acknowledge, as msgpack.
    pub chunk: Option<Vec<u8>>,
    /// Its entries, or why they cannot be had and what came instead.
    pub entries: Result<Entries, (String, Vec<u8>)>,
}

impl Message {
    /// Reads one whole value; the error says why it is not a message of this protocol.
    pub fn read(bytes: &[u8], limits: &MessageLimits) -> Result<Message, Flaw> {
        let mut reader = Reader::new(bytes);
        let Token::Array(count) = reader.token()? else {
            return Err(Flaw::Unexpected("a message must be an array"));
        };
        let (Token::Str(tag) | Token::Bin(tag)) = reader.token()? else {
            return Err(Flaw::Unexpected("a message must begin with its tag"));
        };
        let tag = tag.to_vec();
        let start = reader.clone();
        match reader.token()? {
            Token::Array(entries) if count >= 2 => {
                let body = reader.rest();
                let from = reader.at();
                for _ in 0..entries {
                    reader.skip()?;
                }
                let body = body.get(..reader.at() - from).unwrap_or(body).to_vec();
                let options = Options::read(&mut reader, count - 2)?;
                Ok(Message { tag, chunk: options.chunk, entries: Ok(Entries::packed(body)) })
            }
            Token::Str(packed) | Token::Bin(packed) => {
                let options = Options::read(&mut reader, count.saturating_sub(2))?;
                let entries = unpack(packed, options.codec, limits).map_err(|why| (why, packed.to_vec()));
                Ok(Message { tag, chunk: options.chunk, entries })
            }
            Token::Uint(_) | Token::Int(_) | Token::F64(_) | Token::Ext(..) | Token::Nil if count >= 3 => {
                reader = start;
                let time = reader.whole()?;
                let record = reader.whole()?;
                let options = Options::read(&mut reader, count - 3)?;
                Ok(Message { tag, chunk: options.chunk, entries: Ok(Entries::bare([time, record].concat())) })
            }
            _ => Err(Flaw::Unexpected("after the tag there must be entries, or a time and a record")),
        }
    }
}

fn unpack(
    packed: &[u8],
    codec: Result<Option<Codec>, String>,
    limits: &MessageLimits,
) -> Result<Entries, String> {
    let bytes = match codec? {
        None => packed.to_vec(),
        Some(codec) => inflate(codec, packed, &limits.inflate).map_err(|e| e.to_string())?,
    };
    Ok(Entries::packed(bytes))
}

/// What this receiver heeds of the options at the end of a message.
struct Options {
    chunk: Option<Vec<u8>>,
    codec: Result<Option<Codec>, String>,
}

impl Options {
    /// `values` is how many the message still has: the options are the first of them, and may be nil or left out.
    fn read(reader: &mut Reader<'_>, values: u32) -> Result<Options, Flaw> {
        let mut options = Options { chunk: None, codec: Ok(None) };
        if values == 0 {
            return Ok(options);
        }
        let Token::Map(pairs) = reader.token()? else { return Ok(options) };
        for _ in 0..pairs {
            let name = reader.whole()?;
            let value = reader.whole()?;
            match Reader::new(name).token()? {
                Token::Str(b"chunk") if !matches!(Reader::new(value).token()?, Token::Nil) => {
                    options.chunk = Some(value.to_vec());
                }
                Token::Str(b"compressed") => options.codec = codec(Reader::new(value).token()?),
                _ => {}
            }
        }
        Ok(options)
    }
}

fn codec(token: Token<'_>) -> Result<Option<Codec>, String> {
    match token {
        Token::Nil | Token::Str(b"text" | b"") => Ok(None),
        Token::Str(b"gzip") => Ok(Some(Codec::Gzip)),
        Token::Str(b"zstd") => Ok(Some(Codec::Zstd)),
        Token::Str(other) => {
            let name: String = String::from_utf8_lossy(other).chars().take(100).collect();
            Err(format!("compressed with {name:?}, which is not understood"))
        }
        _ => Err("the name of the compression is no text".into()),
    }
}
