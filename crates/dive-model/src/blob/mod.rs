//! A blob: a range of bytes in a file, in memory, or fetched on first read.
//!
//! Layers, configurations and manifests are blobs. Threads read a blob at any offset, without a shared position.

mod progress;
mod remote;

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

pub use progress::{TransferProgress, TransferStep};
pub use remote::{Fetch, FetchOnce, TICK, Watch};

use crate::tarfile::{ReadAt, SequentialReader};
use remote::Remote;

/// A range of bytes with random access. Clones share the bytes.
#[derive(Debug, Clone)]
pub struct Blob {
    bytes: Backing,
    offset: u64,
    len: u64,
    name: Arc<str>,
    identity: Option<Arc<Identity>>,
}

/// The storage of a blob.
#[derive(Debug, Clone)]
enum Backing {
    File(Arc<File>),
    Memory(Arc<[u8]>),
    Remote(Arc<Remote>),
}

/// Identifies the content of a blob, as the key of cached data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Digest of the stored bytes, already verified. If they are in a file, somebody may write to it later.
    Stored(String),
    /// Expected digest of the uncompressed bytes. The reader must verify it.
    Unpacked(String),
}

impl Identity {
    /// The digest: `algorithm:hex`.
    #[must_use]
    pub fn digest(&self) -> &str {
        match self {
            Self::Stored(digest) | Self::Unpacked(digest) => digest,
        }
    }
}

/// Location of a [`Blob`]'s bytes. Valid only while the blob exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobLocation {
    /// Address of the open file, the memory or the remote source.
    holder: usize,
    offset: u64,
    len: u64,
}

/// A range of a file in a store. Unlike a [`BlobLocation`], it stays valid after the blob is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PlaceInStore {
    name: Arc<str>,
    offset: u64,
    len: u64,
}

impl Blob {
    /// `len` bytes of `file` from `offset` on. Messages use `name`.
    #[must_use]
    pub fn new(file: Arc<File>, offset: u64, len: u64, name: impl Into<Arc<str>>) -> Self {
        Self { bytes: Backing::File(file), offset, len, name: name.into(), identity: None }
    }

    /// A blob in memory.
    #[must_use]
    pub fn in_memory(bytes: impl Into<Arc<[u8]>>, name: impl Into<Arc<str>>) -> Self {
        let bytes = bytes.into();
        let len = bytes.len() as u64;
        Self { bytes: Backing::Memory(bytes), offset: 0, len, name: name.into(), identity: None }
    }

    /// A blob of `len` bytes that `source` fetches on first read.
    #[must_use]
    pub fn remote(source: impl Fetch + 'static, len: u64, name: impl Into<Arc<str>>) -> Self {
        let bytes = Backing::Remote(Arc::new(Remote::new(source)));
        Self { bytes, offset: 0, len, name: name.into(), identity: None }
    }

    /// Sets the identity.
    #[must_use]
    pub fn identified(self, identity: Identity) -> Self {
        Self { identity: Some(Arc::new(identity)), ..self }
    }

    /// The identity, if known.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_deref()
    }

    /// Length in bytes, as of the time the store was opened.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// True if there are no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Name in its store, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Location of the bytes. Equal only for the same range of the same open file.
    #[must_use]
    pub fn location(&self) -> BlobLocation {
        let holder = match &self.bytes {
            Backing::File(file) => Arc::as_ptr(file).addr(),
            Backing::Memory(bytes) => Arc::as_ptr(bytes).addr(),
            Backing::Remote(remote) => Arc::as_ptr(remote).addr(),
        };
        BlobLocation { holder, offset: self.offset, len: self.len }
    }

    /// The place of the bytes in their store; `None` if they are not in a file.
    pub(crate) fn place_in_store(&self) -> Option<PlaceInStore> {
        let (name, offset, len) = (&self.name, self.offset, self.len);
        matches!(self.bytes, Backing::File(_)).then(|| PlaceInStore { name: Arc::clone(name), offset, len })
    }

    /// True if the bytes are in an engine or registry, and the first read will fetch them.
    #[must_use]
    pub fn needs_fetch(&self) -> bool {
        matches!(&self.bytes, Backing::Remote(remote) if !remote.is_ready())
    }

    /// Fetches the bytes, if that is needed. Calls `progress` several times a second, which can cancel.
    ///
    /// # Errors
    /// Fetching failed, maybe temporarily; [`io::ErrorKind::Interrupted`] if `progress` cancelled it.
    pub fn fetch(&self, progress: &mut dyn FnMut(TransferProgress) -> ControlFlow<()>) -> io::Result<()> {
        match &self.bytes {
            Backing::Remote(remote) => remote.ready(progress).map(drop),
            Backing::File(_) | Backing::Memory(_) => Ok(()),
        }
    }

    /// Reads up to `buf.len()` bytes at `offset`. Returns 0 only at the end of the blob, or of a truncated file.
    ///
    /// # Errors
    /// Reading or fetching failed.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.len.saturating_sub(offset);
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        // A hostile archive can state a length that overflows the offset.
        let Some(place) = self.offset.checked_add(offset) else { return Ok(0) };
        if want == 0 {
            return Ok(0);
        }
        let file = match &self.bytes {
            Backing::File(file) => file,
            Backing::Memory(bytes) => {
                let from = usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
                let count = want.min(bytes.len() - from);
                buf[..count].copy_from_slice(&bytes[from..from + count]);
                return Ok(count);
            }
            Backing::Remote(remote) => {
                let ready = remote.ready(&mut |_| ControlFlow::Continue(()))?;
                return ready.read_at(&mut buf[..want], place);
            }
        };
        loop {
            match read_file_at(file, &mut buf[..want], place) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                answer => return answer,
            }
        }
    }

    /// The `len` bytes from `at` on as a blob, or fewer at the end.
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

    /// A reader of the whole blob, with its own position.
    #[must_use]
    pub fn reader(&self) -> SequentialReader<Self> {
        SequentialReader::new(self.clone())
    }

    /// The first `limit` bytes, or all if there are fewer.
    ///
    /// # Errors
    /// Reading or fetching failed.
    pub fn first_bytes(&self, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader().take(limit as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads a document of at most `limit` bytes.
    ///
    /// # Errors
    /// [`io::ErrorKind::FileTooLarge`] if it is longer, [`io::ErrorKind::UnexpectedEof`] if the file was truncated.
    pub fn read_document(&self, limit: u64) -> io::Result<Vec<u8>> {
        if self.len > limit {
            let message = format!("it is {} bytes long; the limit for a document is {limit} bytes", self.len);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        let mut bytes = Vec::new();
        self.reader().read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < self.len {
            let message = format!("expected {} bytes, found {}", self.len, bytes.len());
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
    fn a_blob_never_reads_beyond_its_range() {
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
    fn two_readers_do_not_share_a_position() {
        let blob = blob(0, 10);
        let (mut a, mut b) = (blob.reader(), blob.reader());
        let mut text = String::new();
        a.read_to_string(&mut text).unwrap();
        b.read_to_string(&mut text).unwrap();
        assert_eq!(text, "01234567890123456789");
    }
}
