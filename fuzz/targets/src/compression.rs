//! Every compression: a stream decodes to the same bytes or fails, whatever the sizes of the reads.

use std::io::{self, Read};

use dive_model::budget::{Budget, Limits};
use dive_model::compression::{Compression, Decoder};

/// Maximum number of bytes to decode, so that a bomb does not exceed the fuzzer's time limit.
const MAX_DECODED: u64 = 4 << 20;

/// The first byte selects the decoder, the rest is the stream.
pub(crate) fn run(input: &[u8]) {
    let Some((choice, stream)) = input.split_first() else { return };
    let compression = match choice % 5 {
        0 => None,
        1 => Some(Compression::Gzip),
        2 => Some(Compression::Zstd),
        3 => Some(Compression::Bzip2),
        _ => Some(Compression::Xz),
    };
    let whole = unpack(compression, stream);
    let trickled = unpack(compression, Trickle { rest: stream, step: usize::from(choice / 5) + 1 });
    assert_eq!(whole, trickled);
}

/// Returns a few bytes at a time, as a pipe may.
struct Trickle<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = buf.len().min(self.step);
        self.rest.read(&mut buf[..count])
    }
}

/// The decoded bytes, the offset of trailing garbage, and whether decoding failed.
fn unpack(compression: Option<Compression>, stream: impl Read) -> (Vec<u8>, Option<u64>, bool) {
    let mut out = Vec::new();
    let decoder = match compression {
        Some(compression) => {
            let budget = Budget::new(Limits::default(), MAX_DECODED);
            Decoder::within(&budget, compression, stream)
        }
        None => Decoder::sniffing(stream).map(|(_, decoder)| decoder),
    };
    let Ok(decoder) = decoder else { return (out, None, true) };
    let mut limited = decoder.take(MAX_DECODED);
    let failed = limited.read_to_end(&mut out).map_err(|error| assert!(!error.to_string().is_empty())).is_err();
    let decoder = limited.into_inner();
    // The bytes written before an error depend on the sizes of the reads.
    if failed { (Vec::new(), None, true) } else { (out, decoder.ignored_tail(), false) }
}
