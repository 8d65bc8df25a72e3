//! zstd, frame by frame. Each frame says in its header how much memory its decoder takes, and that is reserved before the
//! frame is read: between two frames a decoder holds nothing that another could wait for.

use std::io::{self, Read};

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::window::Window;
use crate::budget::{Budget, Reservation};

/// The frames of a stream.
pub(super) struct ZstdFrames<R> {
    window: Window<R>,
    budget: Option<Budget>,
    /// The decoder, and the memory that is reserved for it.
    decoder: Option<(Decoder<'static>, Option<Reservation>)>,
    is_inside: bool,
}

/// The longest header of a frame.
const HEADER: usize = 18;

impl<R: Read> ZstdFrames<R> {
    pub(super) const fn new(window: Window<R>, budget: Option<Budget>) -> Self {
        Self { window, budget, decoder: None, is_inside: false }
    }

    pub(super) const fn window(&self) -> &Window<R> {
        &self.window
    }

    /// Makes a decoder ready for the next frame. False at the end of the stream.
    fn start_frame(&mut self) -> io::Result<bool> {
        let header = self.window.peek(HEADER)?;
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
            // First let go: no decoder may wait for another while it holds memory.
            self.decoder = None;
            // A frame that needs more than the decoder's own limit is refused by the decoder.
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

/// How many bytes back a frame may refer to, by its header (RFC 8878, section 3.1.1.1). `None` for a skippable frame, and for
/// what the decoder will refuse.
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
    // Then the window is the content, whose size stands behind the id of the dictionary.
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
    fn a_frame_says_how_much_memory_it_takes() {
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

    /// Frames of different windows, as zstd:chunked has them, in a budget that all of them together would break.
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
