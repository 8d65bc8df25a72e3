//! Where a walk gets its blocks: from a file it can jump in, or from a stream it has to read through.

use std::io::{self, Read};

/// Bytes that can be read at any place, without a cursor that threads would share.
pub trait ReadAt {
    /// Reads up to `buf.len()` bytes that stand at `at`; 0 only at the end.
    ///
    /// # Errors
    /// What the file system answers.
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize>;

    /// How many bytes there are.
    fn len(&self) -> u64;

    /// Whether there are none.
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

/// Reads such bytes from their start to their end, for what can only stream.
#[derive(Debug)]
pub struct Cursor<R> {
    bytes: R,
    position: u64,
}

impl<R: ReadAt> Cursor<R> {
    /// A cursor before the first of `bytes`.
    pub const fn new(bytes: R) -> Self {
        Self { bytes, position: 0 }
    }
}

impl<R: ReadAt> Read for Cursor<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read_at(buf, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

/// What a walk needs of its bytes: to look at the next ones, and to pass over some.
pub trait Input {
    /// The next bytes, without taking them: at least `want` (up to 4 KiB), fewer only at the end, more if they are at
    /// hand.
    ///
    /// # Errors
    /// What the reader below answers.
    fn peek(&mut self, want: usize) -> io::Result<&[u8]>;

    /// Passes over `count` bytes and says how many of them there were.
    ///
    /// # Errors
    /// What the reader below answers.
    fn skip(&mut self, count: u64) -> io::Result<u64>;
}

/// A window that is moved over bytes which lie in a file.
///
/// A jump inside the window costs nothing and a body outside it is never touched: measured on real images, this beats
/// a memory map (page faults, and a file that shrinks kills the program) and `BufReader` (which forgets its buffer at
/// every seek). The window grows while headers stand close together, to save system calls, and shrinks where bodies
/// are jumped over, to copy less of what nobody looks at.
#[derive(Debug)]
pub struct Positional<R> {
    inner: R,
    window: Box<[u8]>,
    /// Bytes of the window that the next read asks for.
    reach: usize,
    /// The longest body that was passed over since the last read, in bytes.
    longest_skip: u64,
    /// Where the window's first byte stands.
    start: u64,
    /// Bytes of the window that are filled.
    filled: usize,
    /// Where the next byte stands.
    position: u64,
}

/// What [`Input::peek`] promises.
const MIN_REACH: usize = 4 * 1024;
const MAX_REACH: usize = 64 * 1024;
/// A body from which on what lies before the next header is not worth copying.
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

    /// Fits the reach to the bodies of late.
    fn adapt(&mut self) {
        let bodies_are_small = std::mem::take(&mut self.longest_skip) < LARGE_BODY;
        self.reach = if bodies_are_small { MAX_REACH.min(self.reach * 2) } else { MIN_REACH };
    }

    /// The filled part of the window from the position on.
    fn ahead(&self) -> &[u8] {
        let within = usize::try_from(self.position.wrapping_sub(self.start)).unwrap_or(usize::MAX);
        self.window[..self.filled].get(within..).unwrap_or_default()
    }
}

impl<R: ReadAt> Input for Positional<R> {
    fn peek(&mut self, want: usize) -> io::Result<&[u8]> {
        if self.ahead().len() < want {
            self.adapt();
            self.start = self.position;
            self.filled = 0;
            while self.filled < want {
                match self.inner.read_at(&mut self.window[self.filled..self.reach], self.start + self.filled as u64) {
                    Ok(0) if self.start + (self.filled as u64) < self.inner.len() => {
                        return Err(io::Error::new(
                            io::ErrorKind::UnexpectedEof,
                            "the file became shorter while it was read",
                        ));
                    }
                    Ok(0) => break,
                    Ok(count) => self.filled += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(self.ahead())
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let count = count.min(self.inner.len().saturating_sub(self.position));
        self.longest_skip = self.longest_skip.max(count);
        self.position += count;
        Ok(count)
    }
}

/// A buffer over bytes that come by once, such as a decompressor's.
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

    /// Hands out one byte at a time, as a slow pipe does.
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

    /// Claims to be longer than it is, as a file does that was cut after it was opened.
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
    fn a_file_that_became_shorter_is_not_taken_for_one_that_ends() {
        let mut input = Positional::new(Shrunk);
        assert_eq!(input.skip(1500).unwrap(), 1500);
        assert_eq!(input.peek(512).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    /// Zeros without an end, whose readings are counted.
    #[derive(Default)]
    struct Counted {
        reads: Cell<u64>,
        bytes: Cell<u64>,
    }

    impl ReadAt for Counted {
        fn read_at(&self, buf: &mut [u8], _at: u64) -> io::Result<usize> {
            self.reads.set(self.reads.get() + 1);
            self.bytes.set(self.bytes.get() + buf.len() as u64);
            Ok(buf.len())
        }

        fn len(&self) -> u64 {
            u64::MAX
        }
    }

    /// Looks at a thousand headers that stand `distance` bytes apart. How many reads that took, and bytes.
    fn reading_headers(distance: u64) -> (u64, u64) {
        reading_headers_at(&[distance; 1000])
    }

    /// The same for headers that each have the next one so many bytes behind them.
    fn reading_headers_at(distances: &[u64]) -> (u64, u64) {
        let counted = Counted::default();
        let mut input = Positional::new(&counted);
        for distance in distances {
            input.peek(1024).unwrap();
            input.skip(*distance).unwrap();
        }
        (counted.reads.get(), counted.bytes.get())
    }

    #[test]
    fn a_window_that_grew_over_small_files_does_not_stay_large_over_larger_ones() {
        let small = reading_headers_at(&[1024; 1000]).1;
        let both = reading_headers_at(&[[1024; 1000], [66 << 10; 1000]].concat()).1;
        assert!(both - small <= 1000 * 5 * 1024 + 128 * 1024, "{} bytes for a thousand larger files", both - small);
    }

    #[test]
    fn a_layer_costs_what_its_entries_cost_however_large_its_files_are() {
        let (reads, bytes) = reading_headers(1 << 20);
        assert!(reads <= 1000 && bytes <= 1000 * 5 * 1024, "{reads} reads of {bytes} bytes of a layer with 1 GB");
    }

    #[test]
    fn a_layer_of_small_files_takes_few_reads() {
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
