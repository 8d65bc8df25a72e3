//! Detects and decodes compression.
//!
//! Detection uses the bytes only, never a name or media type: real archives have gzip, zstd and plain layers under
//! misleading names. Detection and decoding are in one module because they must agree on every format. Outer archives
//! (`store`) and layers (`layer`) both use it.

mod members;
mod window;
mod zstd_frames;

use std::fmt;
use std::io::{self, Read};

use crate::budget::{Budget, Reservation};
use crate::tarfile;
use members::Members;
use serde::{Deserialize, Serialize};
use window::Window;
use zstd_frames::ZstdFrames;

/// Number of bytes that [`sniff`] needs: one tar header.
pub const SNIFF_LEN: usize = 512;

/// Compression of a layer or archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Compression {
    /// No known compression. The bytes may be a tar or something else.
    None,
    /// RFC 1952, any number of members.
    Gzip,
    /// RFC 8878, any number of frames, skippable ones between them.
    Zstd,
    /// bzip2, any number of streams.
    Bzip2,
    /// xz, any number of streams.
    Xz,
}

impl Compression {
    /// Time to decode a byte, relative to gzip and zstd.
    #[must_use]
    pub const fn weight(self) -> u64 {
        match self {
            Self::None | Self::Gzip | Self::Zstd => 1,
            Self::Xz => 4,
            Self::Bzip2 => 8,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        })
    }
}

/// The bytes after `BZh` and the block size: a block (digits of pi), or the end of an empty stream (digits of its
/// square root).
const BZIP2_BLOCK: [u8; 6] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
const BZIP2_END: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];

/// Detects the compression of data by its first [`SNIFF_LEN`] bytes, or all if there are fewer.
///
/// A valid tar header always means no compression: a tar starts with a file name, which may look like any format.
#[must_use]
pub fn sniff(first: &[u8]) -> Compression {
    if tarfile::is_header(first) {
        return Compression::None;
    }
    match first {
        // The third byte is the method. Deflate (8) is the only one in use.
        [0x1f, 0x8b, 8, ..] | [0x1f, 0x8b] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..]
            if rest.starts_with(&BZIP2_BLOCK) || rest.starts_with(&BZIP2_END) =>
        {
            Compression::Bzip2
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
        _ => Compression::None,
    }
}

/// Maximum memory of an xz or zstd decoder, in bytes. The compressed data states the size. `xz -9` needs 65 MiB, and a
/// frame of `zstd --long=27` exactly this limit.
const MEMORY_LIMIT: u64 = 128 << 20;

/// Memory of a bzip2 decoder, in bytes.
const BZIP2_MEMORY: u64 = 4 << 20;

/// Decodes `input`. Most callers pass a `&mut dyn Read`: a decoder for each type of reader makes the program 53 kB larger.
///
/// Read it to the end: checksums and trailing bytes follow the last byte of content. Only then are errors of a cut file
/// reported and [`Decoder::ignored_tail`] known.
pub struct Decoder<R: Read> {
    codec: Codec<R>,
    /// Memory of the codec, reserved for its lifetime.
    _reserved: Option<Reservation>,
}

enum Codec<R: Read> {
    Plain(Window<R>),
    Gzip(Box<Members<R, flate2::bufread::GzDecoder<Window<R>>>>),
    Zstd(Box<ZstdFrames<R>>),
    Bzip2(Box<Members<R, bzip2::bufread::BzDecoder<Window<R>>>>),
    Xz(liblzma::bufread::XzDecoder<Window<R>>),
}

impl<R: Read> Decoder<R> {
    /// A decoder of `input` with a known compression.
    ///
    /// # Errors
    /// The library cannot allocate its memory.
    pub fn new(compression: Compression, input: R) -> io::Result<Self> {
        Self::over(compression, Window::new(input), None)
    }

    /// Like [`Decoder::new`], but reserves its memory in `budget`. Blocks until other decoders have freed enough, as
    /// does [`Decoder::read`] at the start of a zstd frame.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub fn within(budget: &Budget, compression: Compression, input: R) -> io::Result<Self> {
        Self::over(compression, Window::new(input), Some(budget))
    }

    /// A decoder of `input` that detects the compression.
    ///
    /// # Errors
    /// The first bytes cannot be read.
    pub fn sniffing(input: R) -> io::Result<(Compression, Self)> {
        let mut window = Window::new(input);
        let compression = sniff(window.peek(SNIFF_LEN)?);
        Ok((compression, Self::over(compression, window, None)?))
    }

    fn over(compression: Compression, window: Window<R>, budget: Option<&Budget>) -> io::Result<Self> {
        let memory = match compression {
            Compression::Bzip2 => BZIP2_MEMORY,
            Compression::Xz => MEMORY_LIMIT,
            // Each zstd frame states its memory: [`ZstdFrames`] reserves it.
            Compression::None | Compression::Gzip | Compression::Zstd => 0,
        };
        let reserved = budget.map(|budget| budget.reserve_decoder(memory)).transpose().map_err(io::Error::other)?;
        let codec = match compression {
            Compression::None => Codec::Plain(window),
            Compression::Gzip => Codec::Gzip(Box::new(Members::new(window))),
            Compression::Zstd => Codec::Zstd(Box::new(ZstdFrames::new(window, budget.cloned()))),
            Compression::Bzip2 => Codec::Bzip2(Box::new(Members::new(window))),
            Compression::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(MEMORY_LIMIT, liblzma::stream::CONCATENATED)?;
                Codec::Xz(liblzma::bufread::XzDecoder::new_stream(window, stream))
            }
        };
        Ok(Self { codec, _reserved: reserved })
    }

    /// Compressed bytes consumed so far. Errors report it as their position.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        match &self.codec {
            Codec::Plain(window) => window.consumed,
            Codec::Gzip(members) => members.consumed(),
            Codec::Zstd(frames) => frames.window().consumed,
            Codec::Bzip2(members) => members.consumed(),
            Codec::Xz(decoder) => decoder.get_ref().consumed,
        }
    }

    /// Offset in the compressed input of ignored bytes after the last gzip member or bzip2 stream, if any.
    ///
    /// Docker loads such layers, and gzip(1) only warns. Padding with zeros is not reported.
    #[must_use]
    pub fn ignored_tail(&self) -> Option<u64> {
        match &self.codec {
            Codec::Gzip(members) => members.garbage_at(),
            Codec::Bzip2(members) => members.garbage_at(),
            Codec::Plain(_) | Codec::Zstd(_) | Codec::Xz(_) => None,
        }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match &mut self.codec {
            Codec::Plain(window) => window.read(buf),
            Codec::Gzip(members) => members.read(buf),
            Codec::Zstd(frames) => frames.read(buf).map_err(explain_memory_limit),
            Codec::Bzip2(members) => members.read(buf),
            Codec::Xz(decoder) => decoder.read(buf).map_err(explain_memory_limit),
        }
    }
}

/// Replaces a library's error about memory by one that says what to do: the data is not damaged.
fn explain_memory_limit(error: io::Error) -> io::Error {
    let text = error.to_string();
    if text.contains("memory limit") || text.contains("too much memory") {
        let text =
            "unpacking it takes more than 128 MiB of memory (dive's limit); compress it again with a smaller window";
        return io::Error::new(io::ErrorKind::OutOfMemory, text);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const TEXT: &[u8] = b"what the layer holds";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn xz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    fn skippable(content: &[u8]) -> Vec<u8> {
        let len = u32::try_from(content.len()).unwrap().to_le_bytes();
        [&[0x5a, 0x2a, 0x4d, 0x18], &len[..], content].concat()
    }

    /// Returns one byte at a time, like a slow pipe.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let one = buf.len().min(1);
            self.0.read(&mut buf[..one])
        }
    }

    fn decode(bytes: &[u8]) -> io::Result<(Compression, Vec<u8>, Option<u64>)> {
        let (compression, mut decoder) = Decoder::sniffing(Trickle(bytes))?;
        let mut out = Vec::new();
        decoder.read_to_end(&mut out)?;
        Ok((compression, out, decoder.ignored_tail()))
    }

    #[test]
    fn every_format_is_detected_and_decoded_with_one_or_several_members() {
        for (expected, encode) in [
            (Compression::Gzip, gzip as fn(&[u8]) -> Vec<u8>),
            (Compression::Zstd, zstd),
            (Compression::Bzip2, bzip2),
            (Compression::Xz, xz),
        ] {
            assert_eq!(decode(&encode(TEXT)).unwrap(), (expected, TEXT.to_vec(), None));
            assert_eq!(decode(&encode(b"")).unwrap(), (expected, vec![], None), "empty {expected}");
            let twice = [encode(TEXT), encode(b""), encode(TEXT)].concat();
            assert_eq!(decode(&twice).unwrap(), (expected, [TEXT, TEXT].concat(), None));
            let whole = encode(TEXT);
            for cut in [whole.len() - 1, whole.len() / 2, 12] {
                assert!(decode(&whole[..cut]).is_err(), "{expected} cut at {cut} must not look complete");
            }
        }
    }

    #[test]
    fn skippable_zstd_frames_are_skipped() {
        let bytes = [skippable(b"seekable"), zstd(TEXT), skippable(b""), zstd(TEXT), skippable(b"table")].concat();
        assert_eq!(decode(&bytes).unwrap(), (Compression::Zstd, [TEXT, TEXT].concat(), None));
    }

    #[test]
    fn garbage_after_gzip_is_reported_and_ignored() {
        let member = gzip(TEXT);
        let bytes = [&member[..], b"\0\0garbage"].concat();
        assert_eq!(decode(&bytes).unwrap(), (Compression::Gzip, TEXT.to_vec(), Some(member.len() as u64 + 2)));
    }

    #[test]
    fn thousands_of_empty_bzip2_streams_are_refused() {
        let some = bzip2(b"").repeat(900);
        assert_eq!(decode(&[some, bzip2(TEXT)].concat()).unwrap().1, TEXT);
        let error = decode(&bzip2(b"").repeat(2000)).unwrap_err();
        assert!(error.to_string().contains("more than 1000"), "{error}");
    }

    #[test]
    fn zeros_after_gzip_are_ignored() {
        let bytes = [&gzip(TEXT)[..], &vec![0; 700_000]].concat();
        assert_eq!(decode(&bytes).unwrap(), (Compression::Gzip, TEXT.to_vec(), None));
    }

    #[test]
    fn a_wrong_checksum_is_an_error() {
        let mut bytes = gzip(TEXT);
        let crc = bytes.len() - 8;
        bytes[crc] ^= 1;
        assert!(decode(&bytes).is_err());
    }

    #[test]
    fn a_tar_whose_first_name_looks_compressed_is_a_tar() {
        for name in [&b"BZh91AY&SY"[..], b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ"] {
            let mut ustar = tar::Header::new_ustar();
            ustar.as_mut_bytes()[..name.len()].copy_from_slice(name);
            ustar.set_cksum();
            assert_eq!(sniff(ustar.as_bytes()), Compression::None);
            let mut v7 = tar::Header::new_old();
            v7.as_mut_bytes()[..name.len()].copy_from_slice(name);
            v7.set_cksum();
            assert_eq!(sniff(v7.as_bytes()), Compression::None);
        }
    }

    #[test]
    fn text_that_starts_like_bzip2_is_not_bzip2() {
        assert_eq!(sniff(b"BZh is how it starts"), Compression::None);
        assert_eq!(sniff(b"BZh9 and no block follows"), Compression::None);
        assert_eq!(sniff(b""), Compression::None);
    }

    #[test]
    fn an_xz_stream_with_a_huge_dictionary_is_refused() {
        // Like `xz --lzma2=dict=1GiB`. The block header is patched, because the encoder would allocate the dictionary.
        let mut bytes = xz(TEXT);
        let block = 12;
        let header_len = (usize::from(bytes[block]) + 1) * 4;
        assert_eq!(bytes[block + 2..block + 4], [0x21, 1], "one LZMA2 filter");
        bytes[block + 4] = 36;
        let crc_at = block + header_len - 4;
        let mut crc = flate2::Crc::new();
        crc.update(&bytes[block..crc_at]);
        bytes[crc_at..crc_at + 4].copy_from_slice(&crc.sum().to_le_bytes());
        let error = decode(&bytes).unwrap_err();
        assert!(error.to_string().contains("memory"), "{error}");
    }
}
