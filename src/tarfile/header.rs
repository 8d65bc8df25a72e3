//! One header block: the `tar` crate knows where the fields stand, what is in them is read here as Go's `archive/tar`
//! reads it (strconv.go): empty numbers are 0, negative ones are damage.

use super::BLOCK;
use super::error::TarErrorKind;

/// What one header block says, before extensions.
pub(super) struct Header {
    pub(super) typeflag: u8,
    pub(super) size: u64,
    pub(super) mode: u16,
    pub(super) uid: u64,
    pub(super) gid: u64,
    pub(super) device: (u32, u32),
    /// The whole size of an old GNU sparse file, and whether blocks with more of its map follow.
    pub(super) sparse: Option<(u64, SparseMap)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SparseMap {
    Complete,
    GoesOn,
}

/// What a header block says; its names go to `path` and `link`.
pub(super) fn parse_header(
    block: &[u8; BLOCK as usize],
    path: &mut Vec<u8>,
    link: &mut Vec<u8>,
) -> Result<Header, TarErrorKind> {
    let header = tar::Header::from_byte_slice(block);
    check_sum(header)?;
    let old = header.as_old();
    if let Some(ustar) = header.as_ustar() {
        let prefix = until_nul(&ustar.prefix);
        if !prefix.is_empty() {
            path.extend_from_slice(prefix);
            path.push(b'/');
        }
    }
    path.extend_from_slice(until_nul(&old.name));
    link.clear();
    link.extend_from_slice(until_nul(&old.linkname));

    let typeflag = old.linkflag[0];
    let gnu = header.as_gnu();
    let device = match typeflag {
        b'3' | b'4' => match (header.as_ustar(), gnu) {
            (Some(ustar), _) => (device_number(&ustar.dev_major)?, device_number(&ustar.dev_minor)?),
            (_, Some(gnu)) => (device_number(&gnu.dev_major)?, device_number(&gnu.dev_minor)?),
            (None, None) => (0, 0),
        },
        _ => (0, 0),
    };
    let sparse = match gnu.filter(|_| typeflag == b'S') {
        Some(gnu) => {
            let map = if gnu.is_extended() { SparseMap::GoesOn } else { SparseMap::Complete };
            Some((number(&gnu.realsize).map_err(TarErrorKind::Header)?, map))
        }
        None => None,
    };
    Ok(Header {
        typeflag,
        size: number(&old.size).map_err(|_| TarErrorKind::Header("its size is no number a file can have"))?,
        mode: (number(&old.mode).map_err(|_| TarErrorKind::Header("its mode is no number"))? & 0o7777) as u16,
        uid: number(&old.uid).map_err(|_| TarErrorKind::Header("its owner is no number"))?,
        gid: number(&old.gid).map_err(|_| TarErrorKind::Header("its group is no number"))?,
        device,
        sparse,
    })
}

/// A header's number: octal digits between spaces and NULs, none meaning 0, or base-256 when the first bit is set.
/// The crate's own parser refuses an empty field and takes negative numbers for huge ones; Go's does neither.
fn number(field: &[u8]) -> Result<u64, &'static str> {
    let value = match field.split_first() {
        Some((first, rest)) if first & 0x80 != 0 => base_256(*first, rest),
        _ => octal(field),
    };
    value.filter(|value| i64::try_from(*value).is_ok()).ok_or("a number that is none, negative or too large")
}

/// Two's complement behind the mark of its first bit: a set second bit is a sign.
fn base_256(first: u8, rest: &[u8]) -> Option<u64> {
    let grow = |value: u64, digit: &u8| value.checked_mul(256).map(|value| value | u64::from(*digit));
    rest.iter().try_fold(u64::from(first & 0x7f), grow).filter(|_| first & 0x40 == 0)
}

/// The longest field has 12 digits, so 64 bits cannot overflow.
fn octal(field: &[u8]) -> Option<u64> {
    let is_padding = |byte: &u8| matches!(byte, b' ' | 0);
    let value = |digits: &[u8]| {
        let (value, seen) = digits.iter().fold((0, 0), |(value, seen), byte| {
            let digit = byte.wrapping_sub(b'0');
            (value << 3 | u64::from(digit), seen | digit)
        });
        (seen <= 7).then_some(value)
    };
    // Nearly every number fills its field but for the last byte.
    if let Some((last, digits)) = field.split_last()
        && is_padding(last)
        && let Some(value) = value(digits)
    {
        return Some(value);
    }
    let start = field.iter().position(|byte| !is_padding(byte)).unwrap_or(field.len());
    let number = &field[start..];
    value(&number[..number.iter().position(is_padding).unwrap_or(number.len())])
}

fn device_number(field: &[u8]) -> Result<u32, TarErrorKind> {
    let number = number(field).ok().and_then(|number| u32::try_from(number).ok());
    number.ok_or(TarErrorKind::Header("its device number is no number"))
}

/// Whether a block is a tar header, sound or not: it has the `ustar` magic, or the checksum that tars of old have as well.
#[must_use]
pub fn is_header(block: &[u8]) -> bool {
    let Some(block) = block.first_chunk::<{ BLOCK as usize }>() else { return false };
    let header = tar::Header::from_byte_slice(block);
    header.as_ustar().is_some() || header.as_gnu().is_some() || check_sum(header).is_ok()
}

/// The sum of all bytes, the checksum field counted as spaces; writers of old took the bytes as signed.
fn check_sum(header: &tar::Header) -> Result<(), TarErrorKind> {
    let bytes = header.as_bytes();
    let field = &header.as_old().cksum;
    // An empty field would be 0, which the bytes of something else come to more easily than one thinks.
    let stated = number(field).ok().filter(|_| field.iter().any(u8::is_ascii_digit));
    let Some(stated) = stated else { return Err(TarErrorKind::Checksum) };
    let spaces = 32 * field.len() as u32;
    let unsigned = sum(bytes) - field.iter().map(|byte| u32::from(*byte)).sum::<u32>() + spaces;
    if u64::from(unsigned) == stated {
        return Ok(());
    }
    let high = |bytes: &[u8]| bytes.iter().filter(|byte| **byte >= 0x80).count() as u32;
    let signed = unsigned.wrapping_sub(256 * (high(bytes) - high(field)));
    if u64::from(signed) == stated { Ok(()) } else { Err(TarErrorKind::Checksum) }
}

/// Eight bytes at a time: the four sums in a word's 16-bit parts stay below 64 times twice a byte.
fn sum(block: &[u8; BLOCK as usize]) -> u32 {
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
    fn a_block_that_states_no_checksum_is_no_header() {
        // 256 spaces' worth for the field, and as much below zero for the rest, taken as signed bytes.
        let mut block = [0; 512];
        block[..2].copy_from_slice(&[0x80, 0x80]);
        assert!(!is_header(&block));
        assert!(!is_header(&[0; 512]));
        let mut header = tar::Header::new_old();
        header.set_cksum();
        assert!(is_header(header.as_bytes()));
    }

    #[test]
    fn the_checksum_is_the_sum_of_all_bytes_however_many_are_large() {
        assert_eq!(sum(&[0xff; 512]), 512 * 255);
        let mut block = [0; 512];
        for (at, byte) in block.iter_mut().enumerate() {
            *byte = (at * 7 % 251) as u8;
        }
        assert_eq!(sum(&block), block.iter().map(|byte| u32::from(*byte)).sum::<u32>());
    }

    #[test]
    fn numbers_are_octal_or_base_256_and_never_negative() {
        assert_eq!(number(b"0000644\0"), Ok(0o644));
        assert_eq!(number(b"   644 \0"), Ok(0o644));
        assert_eq!(number(b"0000644"), Ok(0o644));
        assert_eq!(number(b"77777777777 "), Ok(0o77_777_777_777));
        assert_eq!(number(b"12 34\0"), Ok(0o12));
        assert_eq!(number(b"\0\0\0\0"), Ok(0));
        assert_eq!(number(b"\x80\0\0\x01\x02"), Ok(258));
        for bad in [&b"\xff\xff\xff\xff"[..], b"12x", b"0o7", b"8", b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"] {
            assert!(number(bad).is_err(), "{}", bad.escape_ascii());
        }
    }
}
