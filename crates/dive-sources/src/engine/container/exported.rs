//! Reads the export of a container entry by entry, with the bytes of the headers as they are in the archive.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use dive_model::tarfile::{BLOCK, Input, MAX_EXTENSION, Streaming, TarError, Walker};

/// Limit of the headers of one entry, in bytes: three extension headers of the greatest length, and more.
const HEADERS_LIMIT: usize = 4 * MAX_EXTENSION as usize;

/// An entry of the export, before its body.
pub(super) struct ExportedEntry {
    /// The name without `./` and without slashes at its ends.
    pub(super) name: Vec<u8>,
    /// The entry's header, with its extension headers.
    pub(super) headers: Vec<u8>,
}

/// The export of a container.
pub(super) struct ExportReader<R> {
    walker: Walker<HeaderRecorder<R>>,
    recorded: Rc<RefCell<RecordedHeaders>>,
    /// Length of the padding after the current body, which the walker skips before the next header.
    padding: usize,
}

impl<R: Read> ExportReader<R> {
    pub(super) fn new(export: R) -> Self {
        let recorded = Rc::new(RefCell::new(RecordedHeaders { bytes: Vec::new(), recording: Recording::On }));
        let input = HeaderRecorder { input: Streaming::new(export), recorded: Rc::clone(&recorded) };
        Self { walker: Walker::new(input), recorded, padding: 0 }
    }

    /// Bytes read so far.
    pub(super) fn offset(&self) -> u64 {
        self.walker.offset()
    }

    /// The next entry.
    pub(super) fn next(&mut self) -> Result<Option<ExportedEntry>, TarError> {
        let Some(member) = self.walker.next()? else { return Ok(None) };
        let name = trimmed(member.path).to_vec();
        let following = (member.data_len.next_multiple_of(BLOCK) - member.data_len) as usize;
        let mut bytes = std::mem::take(&mut self.recorded.borrow_mut().bytes);
        let headers = bytes.split_off(self.padding.min(bytes.len()));
        self.padding = following;
        Ok(Some(ExportedEntry { name, headers }))
    }

    /// Passes the body of the current entry to `sink`, and returns the length of the padding that follows it.
    pub(super) fn body(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<usize, TarError> {
        self.recorded.borrow_mut().recording = Recording::Off;
        let body = self.walker.body(sink);
        self.recorded.borrow_mut().recording = Recording::On;
        body.map(|()| self.padding)
    }
}

/// A path without `./` and without slashes at its ends.
fn trimmed(path: &[u8]) -> &[u8] {
    let path = path.strip_prefix(b"./").unwrap_or(path);
    let start = path.iter().position(|byte| *byte != b'/').unwrap_or(path.len());
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(start, |last| last + 1);
    &path[start..end]
}

/// Whether the bytes that the walker skips are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recording {
    /// Headers and padding.
    On,
    /// Bodies, which the walker passes to a sink itself.
    Off,
}

/// The headers since the last entry, and the padding before them.
struct RecordedHeaders {
    bytes: Vec<u8>,
    recording: Recording,
}

/// An input that records the headers.
struct HeaderRecorder<R> {
    input: Streaming<R>,
    recorded: Rc<RefCell<RecordedHeaders>>,
}

impl<R: Read> Input for HeaderRecorder<R> {
    fn peek(&mut self, want: usize) -> io::Result<&[u8]> {
        self.input.peek(want)
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut recorded = self.recorded.borrow_mut();
        if recorded.recording == Recording::Off {
            return self.input.skip(count);
        }
        let mut left = count;
        while left > 0 {
            let bytes = self.input.peek(1)?;
            let piece = left.min(bytes.len() as u64);
            if piece == 0 {
                break;
            }
            // Only a hostile export has endless headers, or endless zero blocks after the last entry.
            if recorded.bytes.len() + piece as usize > HEADERS_LIMIT {
                return Err(io::Error::other("the headers of an entry are too long"));
            }
            recorded.bytes.extend_from_slice(&bytes[..piece as usize]);
            left -= self.input.skip(piece)?;
        }
        Ok(count - left)
    }
}
