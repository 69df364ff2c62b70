//! Bytes of a file, mapped or held in memory, shared by reference count.

use std::ops::Deref;
use std::sync::Arc;

/// The content of a file at the moment it was mapped. Cheap to clone; the bytes live as long as any clone.
#[derive(Clone)]
pub struct Mapped(Inner);

#[derive(Clone)]
enum Inner {
    Map(Arc<memmap2::Mmap>),
    Bytes(Arc<Vec<u8>>),
}

impl Mapped {
    /// Maps the first `len` bytes of `file`.
    pub(crate) fn of_file(file: &std::fs::File, len: usize) -> std::io::Result<Mapped> {
        if len == 0 {
            return Ok(Mapped::from(Vec::new()));
        }
        #[expect(
            unsafe_code,
            reason = "a map of a file cannot be made safely; the contract of Fs::map is that mapped bytes are \
                      neither truncated nor overwritten while mapped (files are append-only), and the directory \
                      is the owner's alone and locked"
        )]
        // SAFETY: the file is open, and by the contract above its first `len` bytes do not change or go away.
        let map = unsafe { memmap2::MmapOptions::new().len(len).map(file) }?;
        Ok(Mapped(Inner::Map(Arc::new(map))))
    }
}

impl From<Arc<Vec<u8>>> for Mapped {
    fn from(bytes: Arc<Vec<u8>>) -> Mapped {
        Mapped(Inner::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Mapped {
    fn from(bytes: Vec<u8>) -> Mapped {
        Mapped::from(Arc::new(bytes))
    }
}

impl Deref for Mapped {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Inner::Map(map) => map,
            Inner::Bytes(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl std::fmt::Debug for Mapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mapped({} bytes)", self.len())
    }
}
