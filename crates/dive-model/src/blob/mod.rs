//! A blob: a run of bytes inside a file, which any thread reads at any place without a cursor to share. Layers,
//! configurations and manifests are blobs, whether they lie in an archive or in a file of their own; nothing after
//! `source` asks which.

mod progress;
mod remote;

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

pub use progress::{TransferProgress, TransferStep};
pub use remote::{Fetch, Fetched, TICK, Watch};

use crate::tarfile::{Cursor, ReadAt};
use remote::Remote;

/// A run of bytes that can be read at any place. A clone is another handle on the same bytes.
#[derive(Debug, Clone)]
pub struct Blob {
    bytes: Bytes,
    offset: u64,
    len: u64,
    name: Arc<str>,
    identity: Option<Arc<Identity>>,
}

/// Where a blob's bytes are.
#[derive(Debug, Clone)]
enum Bytes {
    File(Arc<File>),
    Memory(Arc<[u8]>),
    Remote(Arc<Remote>),
}

/// What tells a blob's bytes from all others, so that what was once read of them can be kept for the next time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The digest of its bytes as they are stored, which was compared with them when they came.
    Stored(String),
    /// The digest that its bytes should have when they are unpacked, which whoever reads them has to compare.
    Unpacked(String),
}

impl Identity {
    /// The digest, as `algorithm:hex`.
    #[must_use]
    pub fn digest(&self) -> &str {
        match self {
            Self::Stored(digest) | Self::Unpacked(digest) => digest,
        }
    }
}

/// Where the bytes of a [`Blob`] are stored. It means something only while the blob exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobLocation {
    /// The address of what holds the bytes: the open file, the memory or the source.
    holder: usize,
    offset: u64,
    len: u64,
}

impl Blob {
    /// The `len` bytes of `file` from `offset` on, called `name` in messages.
    #[must_use]
    pub fn new(file: Arc<File>, offset: u64, len: u64, name: impl Into<Arc<str>>) -> Self {
        Self { bytes: Bytes::File(file), offset, len, name: name.into(), identity: None }
    }

    /// Bytes in memory: a document.
    #[must_use]
    pub fn in_memory(bytes: impl Into<Arc<[u8]>>, name: impl Into<Arc<str>>) -> Self {
        let bytes = bytes.into();
        let len = bytes.len() as u64;
        Self { bytes: Bytes::Memory(bytes), offset: 0, len, name: name.into(), identity: None }
    }

    /// The `len` bytes that `source` fetches when they are first read.
    #[must_use]
    pub fn remote(source: impl Fetch + 'static, len: u64, name: impl Into<Arc<str>>) -> Self {
        let bytes = Bytes::Remote(Arc::new(Remote::new(source)));
        Self { bytes, offset: 0, len, name: name.into(), identity: None }
    }

    /// The same bytes, known by `identity`.
    #[must_use]
    pub fn identified(self, identity: Identity) -> Self {
        Self { identity: Some(Arc::new(identity)), ..self }
    }

    /// What tells its bytes from all others, where that is known.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_deref()
    }

    /// Length in bytes, as the archive or the file system gave it when the source was opened.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its name inside its source, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its bytes are stored: equal for two blobs only if they are the same run of bytes of the same open file.
    #[must_use]
    pub fn location(&self) -> BlobLocation {
        let holder = match &self.bytes {
            Bytes::File(file) => Arc::as_ptr(file).addr(),
            Bytes::Memory(bytes) => Arc::as_ptr(bytes).addr(),
            Bytes::Remote(remote) => Arc::as_ptr(remote).addr(),
        };
        BlobLocation { holder, offset: self.offset, len: self.len }
    }

    /// Whether its bytes lie in an engine or a registry, and the first read would have to wait for all of them.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        matches!(&self.bytes, Bytes::Remote(remote) if !remote.is_here())
    }

    /// Gets the bytes here, if they lie elsewhere; does nothing for others. `progress` hears how far that is, and is asked
    /// several times a second whether it is to go on.
    ///
    /// # Errors
    /// Why the bytes cannot be fetched, which may pass; [`io::ErrorKind::Interrupted`] where `progress` broke it off.
    pub fn bring(&self, progress: &mut dyn FnMut(TransferProgress) -> ControlFlow<()>) -> io::Result<()> {
        match &self.bytes {
            Bytes::Remote(remote) => remote.here(progress).map(drop),
            Bytes::File(_) | Bytes::Memory(_) => Ok(()),
        }
    }

    /// Reads up to `buf.len()` bytes that stand at `offset`, never past the blob's end; 0 only there, or where the
    /// file has shrunk since it was opened.
    ///
    /// # Errors
    /// What the file system answers, or why the bytes cannot be fetched.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.len.saturating_sub(offset);
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        // A length that an archive claims can put the place beyond any file.
        let Some(place) = self.offset.checked_add(offset) else { return Ok(0) };
        if want == 0 {
            return Ok(0);
        }
        let file = match &self.bytes {
            Bytes::File(file) => file,
            Bytes::Memory(bytes) => {
                let from = usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
                let count = want.min(bytes.len() - from);
                buf[..count].copy_from_slice(&bytes[from..from + count]);
                return Ok(count);
            }
            Bytes::Remote(remote) => {
                let here = remote.here(&mut |_| ControlFlow::Continue(()))?;
                return here.read_at(&mut buf[..want], place);
            }
        };
        loop {
            match read_file_at(file, &mut buf[..want], place) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                answer => return answer,
            }
        }
    }

    /// The `len` bytes from `at` on as a blob of their own, or as many of them as there are.
    #[must_use]
    pub fn slice(&self, at: u64, len: u64) -> Self {
        let at = at.min(self.len);
        let offset = self.offset.saturating_add(at);
        Self {
            bytes: self.bytes.clone(),
            offset,
            len: len.min(self.len - at),
            name: Arc::clone(&self.name),
            identity: None,
        }
    }

    /// A reader over the whole blob with a cursor of its own.
    #[must_use]
    pub fn reader(&self) -> Cursor<Self> {
        Cursor::new(self.clone())
    }

    /// The first bytes, `limit` of them or all there are.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn first_bytes(&self, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader().take(limit as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// All bytes of a document, which is refused unread if it is longer than `limit`.
    ///
    /// # Errors
    /// [`io::ErrorKind::FileTooLarge`] over the limit, [`io::ErrorKind::UnexpectedEof`] where the file has shrunk.
    pub fn read_document(&self, limit: u64) -> io::Result<Vec<u8>> {
        if self.len > limit {
            let message = format!("it is {} bytes long, and no such document needs more than {limit}", self.len);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        let mut bytes = Vec::new();
        self.reader().read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < self.len {
            let message = format!("{} bytes were expected and {} are there", self.len, bytes.len());
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        Ok(bytes)
    }
}

impl ReadAt for Blob {
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        Self::read_at(self, buf, at)
    }

    fn len(&self) -> u64 {
        self.len
    }
}

#[cfg(unix)]
fn read_file_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, offset)
}

#[cfg(windows)]
fn read_file_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn blob(offset: u64, len: u64) -> Blob {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        Blob::new(Arc::new(file), offset, len, "digits")
    }

    #[test]
    fn a_blob_shows_its_own_bytes_and_no_neighbours() {
        let blob = blob(2, 4);
        let mut buf = [0; 10];
        assert_eq!(blob.read_at(&mut buf, 1).unwrap(), 3);
        assert_eq!(&buf[..3], b"345");
        assert_eq!(blob.read_at(&mut buf, 4).unwrap(), 0);
        assert_eq!(blob.read_at(&mut buf, u64::MAX).unwrap(), 0);
        assert_eq!(blob.read_document(4).unwrap(), b"2345");
        assert_eq!(blob.first_bytes(2).unwrap(), b"23");
    }

    #[test]
    fn a_slice_stays_inside_its_blob() {
        let blob = blob(2, 6);
        let text = |slice: Blob| String::from_utf8(slice.first_bytes(10).unwrap()).unwrap();
        assert_eq!(text(blob.slice(1, 3)), "345");
        assert_eq!(text(blob.slice(4, 9)), "67");
        assert_eq!(text(blob.slice(u64::MAX, u64::MAX)), "");
        assert_eq!(text(blob.slice(1, 4).slice(1, 2)), "45");
    }

    #[test]
    fn a_document_over_the_limit_or_cut_is_an_error() {
        assert_eq!(blob(2, 4).read_document(3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(blob(8, 4).read_document(4).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn two_readers_do_not_share_a_cursor() {
        let blob = blob(0, 10);
        let (mut a, mut b) = (blob.reader(), blob.reader());
        let mut text = String::new();
        a.read_to_string(&mut text).unwrap();
        b.read_to_string(&mut text).unwrap();
        assert_eq!(text, "01234567890123456789");
    }
}
