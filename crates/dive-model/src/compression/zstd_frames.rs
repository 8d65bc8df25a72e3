//! Decodes zstd frame by frame.
//!
//! The header of a frame states its window size, and that memory is reserved before the frame is decoded. Between two
//! frames a decoder holds no memory that another one could wait for.

use std::io::{self, Read};

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::window::Window;
use crate::budget::{Budget, Reservation};

/// A zstd stream.
pub(super) struct ZstdFrames<R> {
    window: Window<R>,
    budget: Option<Budget>,
    /// The decoder and its reserved memory.
    decoder: Option<(Decoder<'static>, Option<Reservation>)>,
    is_inside: bool,
}

/// Maximum length of a frame header, in bytes.
const HEADER_LEN: usize = 18;

impl<R: Read> ZstdFrames<R> {
    pub(super) const fn new(window: Window<R>, budget: Option<Budget>) -> Self {
        Self { window, budget, decoder: None, is_inside: false }
    }

    pub(super) const fn window(&self) -> &Window<R> {
        &self.window
    }

    /// Prepares a decoder for the next frame. False at the end of the stream.
    fn start_frame(&mut self) -> io::Result<bool> {
        let header = self.window.peek(HEADER_LEN)?;
        if header.is_empty() {
            return Ok(false);
        }
        let needed = window_size(header).unwrap_or(0);
        let suffices = match &self.decoder {
            Some((_, Some(reserved))) => needed <= reserved.bytes(),
            Some((_, None)) => true,
            None => false,
        };
        if !suffices {
            // Free the old decoder first: waiting for memory while holding some could deadlock.
            self.decoder = None;
            // The decoder itself refuses frames over its limit.
            let reserved = match &self.budget {
                Some(budget) if needed <= super::MEMORY_LIMIT => {
                    Some(budget.reserve_decoder(needed.next_power_of_two()).map_err(io::Error::other)?)
                }
                _ => None,
            };
            self.decoder = Some((Decoder::new()?, reserved));
        }
        self.is_inside = true;
        Ok(true)
    }
}

impl<R: Read> Read for ZstdFrames<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.is_inside && !self.start_frame()? {
                return Ok(0);
            }
            let Some((decoder, _)) = &mut self.decoder else { return Ok(0) };
            let input = self.window.peek(1)?;
            let is_at_end = input.is_empty();
            let mut input = InBuffer::around(input);
            let mut output = OutBuffer::around(buf);
            let ahead = decoder.run(&mut input, &mut output)?;
            let (read, written) = (input.pos(), output.pos());
            io::BufRead::consume(&mut self.window, read);
            self.is_inside = ahead > 0;
            if written > 0 {
                return Ok(written);
            }
            if is_at_end && self.is_inside {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "incomplete frame"));
            }
        }
    }
}

/// Window size of a frame in bytes, from its header (RFC 8878, section 3.1.1.1). `None` for a skippable or invalid
/// frame.
fn window_size(header: &[u8]) -> Option<u64> {
    let (magic, rest) = header.split_first_chunk::<4>()?;
    if *magic != [0x28, 0xb5, 0x2f, 0xfd] {
        return None;
    }
    let (descriptor, rest) = rest.split_first()?;
    let is_single_segment = descriptor & 0x20 != 0;
    if !is_single_segment {
        let byte = rest.first()?;
        let base = 1u64 << (10 + (byte >> 3));
        return Some(base + base / 8 * u64::from(byte & 7));
    }
    // The window is the content, and its size follows the dictionary id.
    let id_len = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size_len = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let mut size = [0; 8];
    size[..size_len].copy_from_slice(rest.get(id_len..id_len + size_len)?);
    let offset = if size_len == 2 { 256 } else { 0 };
    Some(u64::from_le_bytes(size).saturating_add(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_size_of_a_frame_is_read_from_its_header() {
        for log in [17, 20, 23, 27] {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(log).unwrap();
            io::Write::write_all(&mut encoder, b"content").unwrap();
            assert_eq!(window_size(&encoder.finish().unwrap()), Some(1 << log));
        }
        for len in [3, 300, 70_000] {
            let frame = zstd::bulk::compress(&vec![b'x'; len], 1).unwrap();
            assert_eq!(window_size(&frame), Some(len as u64));
        }
        assert_eq!(window_size(&[0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]), None);
        assert_eq!(window_size(&[0x28, 0xb5]), None);
    }

    /// Frames with different windows, as in zstd:chunked. Together they would exceed the budget.
    #[test]
    fn each_frame_reserves_its_own_window() {
        let frame = |log| {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(log).unwrap();
            io::Write::write_all(&mut encoder, &vec![b'x'; 3000]).unwrap();
            encoder.finish().unwrap()
        };
        let bytes = [20, 27, 21, 27, 26].map(frame).concat();
        let budget = Budget::new(crate::budget::Limits::default(), 10);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut unpacked = Vec::new();
                    let mut frames = ZstdFrames::new(Window::new(&bytes[..]), Some(budget.clone()));
                    frames.read_to_end(&mut unpacked).unwrap();
                    assert_eq!(unpacked, vec![b'x'; 15_000]);
                });
            }
        });
    }
}
