//! Opens a file or standard input and inflates what is compressed, known by its first bytes.

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

/// Read from the system in pieces of this size.
const READ_BYTES: usize = 256 << 10;

/// A zstd frame may ask for a window up to this (128 MiB, what `zstd --long` makes); more is refused.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// How many bytes of a file were read (as they lie on disk).
#[derive(Clone, Debug, Default)]
pub(crate) struct BytesRead(Arc<AtomicU64>);

impl BytesRead {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counted<R> {
    inner: R,
    count: BytesRead,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(into)?;
        self.count.0.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// An open file of logs; reading gives its lines, inflated.
pub(crate) struct Input {
    reader: Box<dyn Read + Send>,
    count: BytesRead,
    size: Option<u64>,
}

impl Input {
    /// Opens `path`; `-` is standard input.
    #[expect(clippy::disallowed_methods, reason = "a file the user named, not one of a store")]
    pub(crate) fn open(path: &Path) -> io::Result<Input> {
        if path.as_os_str() == "-" {
            return Input::from_reader(io::stdin(), None);
        }
        let file = File::open(path)?;
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory"));
        }
        Input::from_reader(file, about.is_file().then_some(about.len()))
    }

    /// Reads from `reader`, of which `size` bytes are expected.
    pub(crate) fn from_reader(reader: impl Read + Send + 'static, size: Option<u64>) -> io::Result<Input> {
        let count = BytesRead::default();
        let mut reader = Counted { inner: reader, count: count.clone() };
        let mut magic = Vec::with_capacity(4);
        (&mut reader).take(4).read_to_end(&mut magic)?;
        Ok(Input { reader: inflating(magic, reader)?, count, size })
    }

    /// Size on disk, where it is known.
    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether its bytes come as they are made (a pipe, a terminal).
    pub(crate) fn is_live(&self) -> bool {
        self.size.is_none()
    }

    /// The counter of what was read.
    pub(crate) fn bytes_read(&self) -> BytesRead {
        self.count.clone()
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.reader.read(into)
    }
}

type Whole<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

/// A reader of the whole, its first bytes `magic` included, that inflates what they say is compressed.
fn inflating<R: Read + Send + 'static>(magic: Vec<u8>, rest: R) -> io::Result<Box<dyn Read + Send>> {
    let (gzip, zstd) = (magic.starts_with(GZIP_MAGIC), magic.starts_with(ZSTD_MAGIC));
    let whole: Whole<R> = BufReader::with_capacity(READ_BYTES, Cursor::new(magic).chain(rest));
    if gzip {
        return Ok(Box::new(MultiGzDecoder::new(whole)));
    }
    if zstd {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(whole)?;
        decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
        return Ok(Box::new(decoder));
    }
    Ok(Box::new(whole))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        e.write_all(text).unwrap();
        e.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Input::from_reader(Cursor::new(bytes), None)?.read_to_end(&mut all)?;
        Ok(all)
    }

    #[test]
    fn inflates_by_the_first_bytes() {
        assert_eq!(read(b"".to_vec()).unwrap(), b"");
        assert_eq!(read(b"\x1f".to_vec()).unwrap(), b"\x1f");
        assert_eq!(read(b"plain\n".to_vec()).unwrap(), b"plain\n");
        let members = [gzip(b"one\n"), gzip(b"two\n")].concat();
        assert_eq!(read(members).unwrap(), b"one\ntwo\n");
        let frames = [zstd::encode_all(&b"one\n"[..], 1).unwrap(), zstd::encode_all(&b"two"[..], 1).unwrap()];
        assert_eq!(read(frames.concat()).unwrap(), b"one\ntwo");
    }

    /// 64 MiB without a line end in less than 1 MiB: the line is refused as soon as it is too long.
    #[test]
    fn a_gzip_bomb_is_refused_before_it_goes_off() {
        let bomb = gzip(&vec![b'x'; 64 << 20]);
        assert!(bomb.len() < 1 << 20);
        let mut inflated = 0;
        let input = Input::from_reader(Cursor::new(bomb), Some(0)).unwrap();
        let counting = Inspected { inner: input, read: &mut inflated };
        let refused = crate::input::batches::Batches::new(counting, false).next();
        assert!(refused.unwrap_err().to_string().contains("longer than"));
        assert!(inflated < 1 << 20, "{inflated} bytes were inflated");
    }

    struct Inspected<'a> {
        inner: Input,
        read: &'a mut usize,
    }

    impl Read for Inspected<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = self.inner.read(into)?;
            *self.read += n;
            Ok(n)
        }
    }

    #[test]
    fn a_cut_file_is_an_error() {
        let mut cut = gzip(&[b'x'; 1000]);
        cut.truncate(cut.len() - 6);
        assert!(read(cut).is_err());
        let mut cut = zstd::encode_all(&b"hello hello hello"[..], 1).unwrap();
        cut.truncate(cut.len() - 3);
        assert!(read(cut).is_err());
    }
}
