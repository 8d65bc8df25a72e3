//! Bytes that the viewer reads at any place: a run of a plain layer, or the temporary file that a compressed one is being
//! decoded into.

use std::fmt;
use std::io;
use std::sync::Arc;

use dive_model::tarfile::ReadAt;

/// The bytes of one file. A clone is another handle on the same bytes.
#[derive(Clone)]
pub struct Content(Arc<dyn ReadAt + Send + Sync>);

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

impl Content {
    /// What `bytes` holds.
    pub fn new(bytes: impl ReadAt + Send + Sync + 'static) -> Self {
        Self(Arc::new(bytes))
    }

    /// How many bytes there will be when all are there.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there are no bytes, now or later.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes from `at` up to `end`, fewer only where the file became shorter since. The caller bounds how many that are.
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
