//! Inputs of a tar walk: a file with random access, or a stream.

use std::io::{self, Read};

/// Bytes with random access and no shared position, for several threads.
pub trait ReadAt {
    /// Reads up to `buf.len()` bytes at offset `at`. Returns 0 only at the end.
    ///
    /// # Errors
    /// The error of the file system.
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize>;

    /// Length in bytes.
    fn len(&self) -> u64;

    /// True if there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        (**self).read_at(buf, at)
    }

    fn len(&self) -> u64 {
        (**self).len()
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }
}

/// Reads [`ReadAt`] bytes sequentially, from start to end.
#[derive(Debug)]
pub struct SequentialReader<R> {
    bytes: R,
    position: u64,
}

impl<R: ReadAt> SequentialReader<R> {
    /// A reader at the start of `bytes`.
    pub const fn new(bytes: R) -> Self {
        Self { bytes, position: 0 }
    }
}

impl<R: ReadAt> Read for SequentialReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read_at(buf, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

/// Input of a tar walk: peeks at the next bytes, and skips bytes.
pub trait Input {
    /// The next bytes, without consuming them: at least `want` (up to 4 KiB), or fewer at the end. Returns more if they
    /// are buffered.
    ///
    /// # Errors
    /// The error of the inner reader.
    fn peek(&mut self, want: usize) -> io::Result<&[u8]>;

    /// Skips up to `count` bytes. Returns the number skipped, which is less only at the end.
    ///
    /// # Errors
    /// The error of the inner reader.
    fn skip(&mut self, count: u64) -> io::Result<u64>;
}

/// A moving window over a file.
///
/// A skip inside the window costs nothing, and a body outside is never read. On real images, this is faster than a
/// memory map (page faults; and a file that shrinks kills the program) and than `BufReader`, which discards its buffer
/// at every seek. The window grows while headers are close together, to save system calls, and shrinks while bodies are
/// skipped, to copy fewer unused bytes.
#[derive(Debug)]
pub struct Positional<R> {
    inner: R,
    window: Box<[u8]>,
    /// Bytes that the next read requests.
    reach: usize,
    /// Length of the longest body skipped since the last read, in bytes.
    longest_skip: u64,
    /// Offset of the window in the file.
    start: u64,
    /// Number of valid bytes in the window.
    filled: usize,
    /// Offset of the next byte.
    position: u64,
}

/// The guarantee of [`Input::peek`].
const MIN_REACH: usize = 4 * 1024;
const MAX_REACH: usize = 64 * 1024;
/// Size from which a body is large: reading ahead to the next header does not pay.
const LARGE_BODY: u64 = 16 * 1024;

impl<R: ReadAt> Positional<R> {
    /// A window at the start of `inner`.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            window: vec![0; MAX_REACH].into_boxed_slice(),
            reach: MIN_REACH,
            longest_skip: 0,
            start: 0,
            filled: 0,
            position: 0,
        }
    }

    /// Adapts the reach to the last bodies.
    fn adapt(&mut self) {
        let bodies_are_small = std::mem::take(&mut self.longest_skip) < LARGE_BODY;
        self.reach = if bodies_are_small { MAX_REACH.min(self.reach * 2) } else { MIN_REACH };
    }

    /// The valid bytes from the position on.
    fn unread(&self) -> &[u8] {
        let within = usize::try_from(self.position.wrapping_sub(self.start)).unwrap_or(usize::MAX);
        self.window[..self.filled].get(within..).unwrap_or_default()
    }
}

impl<R: ReadAt> Input for Positional<R> {
    fn peek(&mut self, want: usize) -> io::Result<&[u8]> {
        if self.unread().len() < want {
            self.adapt();
            self.start = self.position;
            self.filled = 0;
            while self.filled < want {
                match self.inner.read_at(&mut self.window[self.filled..self.reach], self.start + self.filled as u64) {
                    Ok(0) if self.start + (self.filled as u64) < self.inner.len() => {
                        return Err(io::Error::new(
                            io::ErrorKind::UnexpectedEof,
                            "the file was truncated while it was read",
                        ));
                    }
                    Ok(0) => break,
                    Ok(count) => self.filled += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(self.unread())
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let count = count.min(self.inner.len().saturating_sub(self.position));
        self.longest_skip = self.longest_skip.max(count);
        self.position += count;
        Ok(count)
    }
}

/// A buffer over a stream, such as a decoder's output.
#[derive(Debug)]
pub struct Streaming<R> {
    inner: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

const STREAM_BUFFER: usize = 128 * 1024;

impl<R: Read> Streaming<R> {
    /// A buffer over `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner, buffer: vec![0; STREAM_BUFFER].into_boxed_slice(), start: 0, end: 0 }
    }

    fn fill(&mut self) -> io::Result<usize> {
        loop {
            match self.inner.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(count) => {
                    self.end += count;
                    return Ok(count);
                }
            }
        }
    }
}

impl<R: Read> Input for Streaming<R> {
    fn peek(&mut self, want: usize) -> io::Result<&[u8]> {
        if self.end - self.start < want {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            while self.end < want && self.fill()? > 0 {}
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut left = count;
        loop {
            let at_hand = (self.end - self.start) as u64;
            if left <= at_hand {
                self.start += left as usize;
                return Ok(count);
            }
            left -= at_hand;
            (self.start, self.end) = (0, 0);
            if self.fill()? == 0 {
                return Ok(count - left);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Returns one byte at a time, like a slow pipe.
    struct Dribble<'a>(&'a [u8]);

    impl Read for Dribble<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(buf.len()).min(1);
            buf[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn walks_like_a_slice(mut input: impl Input, bytes: &[u8]) {
        assert_eq!(&input.peek(3).unwrap()[..3], &bytes[..3]);
        assert_eq!(input.skip(40_000).unwrap(), 40_000);
        assert_eq!(input.peek(512).unwrap()[..512], bytes[40_000..40_512]);
        assert_eq!(input.skip(9_700).unwrap(), 9_700);
        assert_eq!(input.peek(512).unwrap(), &bytes[49_700..], "short at the end");
        assert_eq!(input.skip(1_000).unwrap(), 300, "says how much there was");
        assert_eq!(input.peek(1).unwrap(), b"");
    }

    /// Reports a wrong length, like a file truncated after it was opened.
    struct Shrunk;

    impl ReadAt for Shrunk {
        fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
            [7; 1000][..].read_at(buf, at)
        }

        fn len(&self) -> u64 {
            2000
        }
    }

    #[test]
    fn a_file_truncated_while_it_is_read_is_an_error() {
        let mut input = Positional::new(Shrunk);
        assert_eq!(input.skip(1500).unwrap(), 1500);
        assert_eq!(input.peek(512).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    /// Endless zeros. Counts reads.
    #[derive(Default)]
    struct ReadCounter {
        reads: Cell<u64>,
        bytes: Cell<u64>,
    }

    impl ReadAt for ReadCounter {
        fn read_at(&self, buf: &mut [u8], _at: u64) -> io::Result<usize> {
            self.reads.set(self.reads.get() + 1);
            self.bytes.set(self.bytes.get() + buf.len() as u64);
            Ok(buf.len())
        }

        fn len(&self) -> u64 {
            u64::MAX
        }
    }

    /// Peeks at a thousand headers `distance` bytes apart. Returns the number of reads, and of bytes read.
    fn reading_headers(distance: u64) -> (u64, u64) {
        reading_headers_at(&[distance; 1000])
    }

    /// The same with the distance of each header to the next.
    fn reading_headers_at(distances: &[u64]) -> (u64, u64) {
        let counted = ReadCounter::default();
        let mut input = Positional::new(&counted);
        for distance in distances {
            input.peek(1024).unwrap();
            input.skip(*distance).unwrap();
        }
        (counted.reads.get(), counted.bytes.get())
    }

    #[test]
    fn the_window_shrinks_again_after_small_files() {
        let small = reading_headers_at(&[1024; 1000]).1;
        let both = reading_headers_at(&[[1024; 1000], [66 << 10; 1000]].concat()).1;
        assert!(both - small <= 1000 * 5 * 1024 + 128 * 1024, "{} bytes for a thousand larger files", both - small);
    }

    #[test]
    fn the_size_of_files_does_not_affect_the_cost_of_a_walk() {
        let (reads, bytes) = reading_headers(1 << 20);
        assert!(reads <= 1000 && bytes <= 1000 * 5 * 1024, "{reads} reads of {bytes} bytes of a layer with 1 GB");
    }

    #[test]
    fn a_layer_of_small_files_needs_few_reads() {
        let (reads, bytes) = reading_headers(1024);
        assert!(reads <= 24 && bytes <= 1_200_000, "{reads} reads of {bytes} bytes of a layer with 1 MB");
    }

    #[test]
    fn both_inputs_show_the_same_bytes() {
        let bytes: Vec<u8> = (0..50_000u32).map(|at| (at % 251) as u8).collect();
        walks_like_a_slice(Positional::new(&bytes[..]), &bytes);
        walks_like_a_slice(Streaming::new(&bytes[..]), &bytes);
        walks_like_a_slice(Streaming::new(Dribble(&bytes)), &bytes);
    }
}
