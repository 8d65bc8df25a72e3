//! The input buffer of decoders, with lookahead.

use std::io::{self, BufRead, Read};

/// A read buffer that can peek at any number of bytes. At the end of its buffer, a `BufReader` shows only part of the
/// next member's magic.
pub(super) struct Window<R> {
    inner: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    pub(super) consumed: u64,
}

/// Large enough to hide the cost of system calls and decoder calls.
const WINDOW_LEN: usize = 256 << 10;

impl<R: Read> Window<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, buffer: vec![0; WINDOW_LEN], start: 0, end: 0, consumed: 0 }
    }

    /// The next bytes: at least `wanted`, or fewer at the end of the input. `wanted` must be less than [`WINDOW_LEN`].
    pub(super) fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        if self.end - self.start < wanted {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            while self.end < wanted {
                match self.inner.read(&mut self.buffer[self.end..]) {
                    Ok(0) => break,
                    Ok(read) => self.end += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Skips zeros. Returns the offset of the next other byte; `None` at the end of the input.
    pub(super) fn skip_to_nonzero(&mut self) -> io::Result<Option<u64>> {
        loop {
            let bytes = self.peek(1)?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let found = zeros < bytes.len();
            self.consume(zeros);
            if found {
                return Ok(Some(self.consumed));
            }
        }
    }
}

impl<R: Read> Read for Window<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let bytes = self.peek(1)?;
        let read = bytes.len().min(buf.len());
        buf[..read].copy_from_slice(&bytes[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for Window<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, amount: usize) {
        self.start = (self.start + amount).min(self.end);
        self.consumed += amount as u64;
    }
}
