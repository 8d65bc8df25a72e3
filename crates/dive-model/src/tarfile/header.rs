//! Parses one header block.
//!
//! The meaning of fields, and which values are errors, follow Go's `archive/tar` (reader.go), which every engine
//! unpacks layers with. The `tar` crate gives the fields of the oldest format.

use super::BLOCK;
use super::error::TarErrorKind;
use super::number::{number, number8, number12, octal_number};
use super::sparse::{OLD_GNU, SparseMap};
use super::unix_time::UnixTime;

type Block = [u8; BLOCK as usize];

/// The fields of one header block, before extensions apply.
pub(super) struct Header {
    pub(super) typeflag: u8,
    /// A negative size in a header without body becomes 0.
    pub(super) size: u64,
    pub(super) mode: u16,
    pub(super) uid: i64,
    pub(super) gid: i64,
    pub(super) device: (u32, u32),
    /// For old GNU sparse files.
    pub(super) sparse: Option<OldSparse>,
}

/// The map of an old GNU sparse file.
pub(super) struct OldSparse {
    /// The regions in the header.
    pub(super) map: SparseMap,
    pub(super) more: MoreMap,
}

/// Whether further blocks of the sparse map follow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MoreMap {
    None,
    Follows,
}

/// Offsets of the fields that the oldest format does not have.
mod at {
    use std::ops::Range;

    pub(super) const MAGIC: Range<usize> = 257..263;
    pub(super) const VERSION: Range<usize> = 263..265;
    pub(super) const MAJOR: usize = 329;
    pub(super) const MINOR: usize = 337;
    pub(super) const PREFIX: Range<usize> = 345..500;
    pub(super) const STAR_PREFIX: Range<usize> = 345..476;
    pub(super) const STAR_TIMES: [usize; 2] = [476, 488];
    pub(super) const STAR_TRAILER: Range<usize> = 508..512;
    pub(super) const GNU_TIMES: [usize; 2] = [345, 357];
    pub(super) const GNU_REAL_SIZE: usize = 483;
}

/// The format of a header, which determines the fields after the magic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HeaderFormat {
    /// No magic, and no further fields.
    V7,
    /// POSIX, including PAX.
    Ustar,
    /// Jörg Schilling's star.
    Star,
    Gnu,
}

impl HeaderFormat {
    /// Detects the format. Only GNU headers need the right version: other writers put anything there.
    fn of(block: &Block) -> Self {
        match &block[at::MAGIC] {
            b"ustar\0" if &block[at::STAR_TRAILER] == b"tar\0" => Self::Star,
            b"ustar\0" => Self::Ustar,
            b"ustar " if &block[at::VERSION] == b" \0" => Self::Gnu,
            _ => Self::V7,
        }
    }
}

/// True if headers of this type have no body, whatever their size field.
pub(super) const fn is_header_only(typeflag: u8) -> bool {
    matches!(typeflag, b'1'..=b'6')
}

/// Parses a header block. Writes its names to `path` and `link`.
pub(super) fn parse_header(block: &Block, path: &mut Vec<u8>, link: &mut Vec<u8>) -> Result<Header, TarErrorKind> {
    let header = tar::Header::from_byte_slice(block);
    check_sum(header)?;
    let old = header.as_old();
    let format = HeaderFormat::of(block);
    let prefix = prefix(block, format);
    if !prefix.is_empty() {
        path.extend_from_slice(prefix);
        path.push(b'/');
    }
    path.extend_from_slice(until_nul(&old.name));
    link.clear();
    link.extend_from_slice(until_nul(&old.linkname));

    let typeflag = old.linkflag[0];
    let damage = |field: &'static str| move || TarErrorKind::Header(field);
    let size = number12(&old.size).filter(|size| *size >= 0 || is_header_only(typeflag));
    let size = size.ok_or_else(damage("its size is not a valid number"))?;
    let mode = number8(old.mode).ok_or_else(damage("its mode is not a valid number"))?;
    let uid = number8(old.uid).ok_or_else(damage("its owner is not a valid number"))?;
    let gid = number8(old.gid).ok_or_else(damage("its group is not a valid number"))?;
    // Times are not kept, but engines reject a layer with invalid ones.
    number12(&old.mtime).ok_or_else(damage("its modification time is not a valid number"))?;
    if format == HeaderFormat::Star {
        let are_valid = at::STAR_TIMES.iter().all(|at| time(block, *at).is_some());
        are_valid.then_some(()).ok_or_else(damage("its access or change time is not a valid number"))?;
    }
    let device = if format == HeaderFormat::V7 { Some((0, 0)) } else { device(block, typeflag) };
    let device = device.ok_or_else(damage("its device number is not a valid number"))?;
    let sparse = if typeflag == b'S' { Some(old_sparse(block, format)?) } else { None };
    Ok(Header {
        typeflag,
        size: size.max(0).cast_unsigned(),
        mode: (mode & 0o7777).cast_unsigned() as u16,
        uid,
        gid,
        device,
        sparse,
    })
}

/// The prefix of a long path.
fn prefix(block: &Block, format: HeaderFormat) -> &[u8] {
    match format {
        HeaderFormat::V7 => &[],
        HeaderFormat::Ustar => until_nul(&block[at::PREFIX]),
        HeaderFormat::Star => until_nul(&block[at::STAR_PREFIX]),
        // GNU has times at this offset, mostly empty. Go before 1.8, and so Docker up to 17.05, wrote a prefix
        // nevertheless. Go still reads it if the times are not numbers (golang.org/issue/21005).
        HeaderFormat::Gnu => {
            let is_time = |at: &usize| block[*at] == 0 || time(block, *at).is_some();
            if at::GNU_TIMES.iter().all(is_time) {
                return &[];
            }
            let prefix = until_nul(&block[at::PREFIX]);
            if prefix.is_ascii() { prefix } else { &[] }
        }
    }
}

fn time(block: &Block, at: usize) -> Option<i64> {
    number(&block[at..at + 12])
}

/// Major and minor device number. Both must be valid in headers of any type. The kernel has 32 bits; engines truncate.
fn device(block: &Block, typeflag: u8) -> Option<(u32, u32)> {
    let number = |at: usize| block[at..].first_chunk().copied().and_then(number8);
    let (major, minor) = (number(at::MAJOR)?, number(at::MINOR)?);
    Some(if matches!(typeflag, b'3' | b'4') {
        (major.cast_unsigned() as u32, minor.cast_unsigned() as u32)
    } else {
        (0, 0)
    })
}

/// The sparse map of a GNU header. Star's sparse format has the same type flag and another layout, which no reader
/// supports.
fn old_sparse(block: &Block, format: HeaderFormat) -> Result<OldSparse, TarErrorKind> {
    if format != HeaderFormat::Gnu {
        return Err(TarErrorKind::Header("a sparse file whose header is not in GNU format"));
    }
    let size = number(&block[at::GNU_REAL_SIZE..at::GNU_REAL_SIZE + 12]);
    let size = size.ok_or(TarErrorKind::Header("the size of the sparse file is not a valid number"))?;
    let mut map = SparseMap::new(size)?;
    let more = map.add_old_gnu(block, OLD_GNU)?;
    Ok(OldSparse { map, more })
}

/// True if a block is a tar header, valid or damaged: it has the `ustar` magic, or a checksum as old tars without magic
/// do.
#[must_use]
pub fn is_header(block: &[u8]) -> bool {
    let Some(block) = block.first_chunk::<{ BLOCK as usize }>() else { return false };
    HeaderFormat::of(block) != HeaderFormat::V7 || check_sum(tar::Header::from_byte_slice(block)).is_ok()
}

/// The modification time in a header block. `None` if the block is not a valid header. PAX records may add fractions of a
/// second.
#[must_use]
pub fn modified(block: &[u8]) -> Option<UnixTime> {
    let block = block.first_chunk::<{ BLOCK as usize }>()?;
    let header = tar::Header::from_byte_slice(block);
    check_sum(header).ok()?;
    number12(&header.as_old().mtime).map(UnixTime)
}

/// Checks the sum of all bytes, with the checksum field as spaces. Old writers summed signed bytes.
fn check_sum(header: &tar::Header) -> Result<(), TarErrorKind> {
    let bytes = header.as_bytes();
    let field = &header.as_old().cksum;
    // Require a digit: an empty field would mean 0, which other data can easily sum to.
    let stated = octal_number(*field).filter(|_| field.iter().any(u8::is_ascii_digit));
    let Some(stated) = stated else { return Err(TarErrorKind::Checksum) };
    let spaces = 32 * field.len() as u32;
    let unsigned = sum(bytes) - field.iter().map(|byte| u32::from(*byte)).sum::<u32>() + spaces;
    if i64::from(unsigned) == stated {
        return Ok(());
    }
    let high = |bytes: &[u8]| bytes.iter().filter(|byte| **byte >= 0x80).count() as u32;
    let signed = i64::from(unsigned) - 256 * i64::from(high(bytes) - high(field));
    if signed == stated { Ok(()) } else { Err(TarErrorKind::Checksum) }
}

/// Sums the bytes of a block, eight at a time. The four 16-bit sums cannot overflow: each is at most 64 * 2 * 255.
fn sum(block: &Block) -> u32 {
    const EVERY_OTHER: u64 = 0x00ff_00ff_00ff_00ff;
    let words = block.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
    let sums: u64 = words.map(|word| (word & EVERY_OTHER) + (word >> 8 & EVERY_OTHER)).sum();
    sums.to_le_bytes().as_chunks::<2>().0.iter().map(|sum| u32::from(u16::from_le_bytes(*sum))).sum()
}

fn until_nul(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|byte| *byte == 0).unwrap_or(field.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_without_a_checksum_is_not_taken_for_a_tar() {
        // The spaces of the checksum field sum to 256, and these two signed bytes to -256.
        let mut block = [0; 512];
        block[..2].copy_from_slice(&[0x80, 0x80]);
        assert!(!is_header(&block));
        assert!(!is_header(&[0; 512]));
        let mut header = tar::Header::new_old();
        header.set_cksum();
        assert!(is_header(header.as_bytes()));
    }

    #[test]
    fn a_header_has_a_time_and_data_has_none() {
        let mut header = tar::Header::new_gnu();
        header.set_mtime(1_795_300_873);
        assert_eq!(modified(header.as_bytes()), None, "without a checksum");
        header.set_cksum();
        assert_eq!(modified(header.as_bytes()), Some(UnixTime(1_795_300_873)));
        assert_eq!(modified(&header.as_bytes()[1..]), None);
    }

    #[test]
    fn large_bytes_do_not_overflow_the_checksum() {
        assert_eq!(sum(&[0xff; 512]), 512 * 255);
        let mut block = [0; 512];
        for (at, byte) in block.iter_mut().enumerate() {
            *byte = (at * 7 % 251) as u8;
        }
        assert_eq!(sum(&block), block.iter().map(|byte| u32::from(*byte)).sum::<u32>());
    }
}
