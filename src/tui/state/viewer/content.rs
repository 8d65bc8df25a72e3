//! The content of a file with random access: part of an uncompressed layer, or the temporary file that a compressed one
//! is decoded to.

use std::fmt;
use std::io;
use std::sync::Arc;

use dive_model::tarfile::ReadAt;

/// The content of a file. Clones share the same bytes.
#[derive(Clone)]
pub struct Content(Arc<dyn ReadAt + Send + Sync>);

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

impl Content {
    /// Wraps `bytes`.
    pub fn new(bytes: impl ReadAt + Send + Sync + 'static) -> Self {
        Self(Arc::new(bytes))
    }

    /// Length of the complete file in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// True if the complete file is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads the bytes from `at` up to `end`. Returns fewer only if the file was truncated. The caller bounds the
    /// length.
    pub(super) fn read(&self, at: u64, end: u64) -> io::Result<Vec<u8>> {
        let want = usize::try_from(end.min(self.len()).saturating_sub(at)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; want];
        let mut filled = 0;
        while filled < want {
            match self.0.read_at(&mut bytes[filled..], at + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}
