//! Maps of sparse files, in the four formats of GNU tar. What stands between the holes is not put together, but a map that
//! Go's `archive/tar` refuses makes the layer one that no engine takes.

use super::BLOCK;
use super::error::TarErrorKind;
use super::header::MoreMap;
use super::number::number;

/// Where the regions of a map stand in a block of the old GNU format: offset and length in 12 bytes each, and behind the
/// last one a byte that is not 0 if more blocks follow.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    at: usize,
    regions: usize,
}

/// In the header.
pub(super) const OLD_GNU: Layout = Layout { at: 386, regions: 4 };
/// In the blocks that follow it.
pub(super) const OLD_GNU_MORE: Layout = Layout { at: 0, regions: 21 };

/// Bytes of a number, of which a region has two.
const NUMBER: usize = 12;

/// The regions of a sparse file that hold data, added up and checked as they come.
#[derive(Debug, Clone, Copy)]
pub(super) struct SparseMap {
    /// The size of the file with its holes.
    size: u64,
    /// Where the last region ends.
    end: u64,
    /// The sum of all regions.
    data: u64,
}

impl SparseMap {
    /// A map without regions, of a file of `size` bytes.
    pub(super) fn new(size: i64) -> Result<Self, TarErrorKind> {
        let size = u64::try_from(size).map_err(|_| TarErrorKind::Header("the size of the sparse file is negative"))?;
        Ok(Self { size, end: 0, data: 0 })
    }

    pub(super) const fn size(self) -> u64 {
        self.size
    }

    /// Adds the next region: regions come in order, do not overlap, and lie inside the file.
    pub(super) fn add(&mut self, offset: i64, len: i64) -> Result<(), TarErrorKind> {
        let (Ok(offset), Ok(len)) = (u64::try_from(offset), u64::try_from(len)) else { return Err(invalid_map()) };
        // Two numbers below 2^63.
        let end = offset + len;
        if offset < self.end || end > self.size {
            return Err(invalid_map());
        }
        // No more than `end`.
        self.data += len;
        self.end = end;
        Ok(())
    }

    /// Adds the regions of a block of the old GNU format.
    pub(super) fn add_old_gnu(
        &mut self,
        block: &[u8; BLOCK as usize],
        layout: Layout,
    ) -> Result<MoreMap, TarErrorKind> {
        let Layout { at, regions } = layout;
        let end = at + regions * 2 * NUMBER;
        for region in block[at..end].chunks_exact(2 * NUMBER) {
            if region[0] == 0 {
                break;
            }
            let (offset, len) = region.split_at(NUMBER);
            self.add(number(offset).ok_or_else(invalid_map)?, number(len).ok_or_else(invalid_map)?)?;
        }
        Ok(if block[end] == 0 { MoreMap::None } else { MoreMap::Follows })
    }

    /// Adds regions that stand as pairs of decimal numbers.
    pub(super) fn add_decimal<'a>(&mut self, mut numbers: impl Iterator<Item = &'a [u8]>) -> Result<(), TarErrorKind> {
        while let Some(offset) = numbers.next() {
            let len = numbers.next().ok_or_else(invalid_map)?;
            self.add(decimal(offset).ok_or_else(invalid_map)?, decimal(len).ok_or_else(invalid_map)?)?;
        }
        Ok(())
    }

    /// Checks that the regions are as long as the `stored` bytes of data.
    pub(super) fn check_stored(self, stored: u64) -> Result<(), TarErrorKind> {
        if self.data == stored {
            return Ok(());
        }
        Err(TarErrorKind::Header("the map of the sparse file does not fit its data"))
    }
}

/// How many regions a map has, which must be a number.
pub(super) fn region_count(text: &[u8]) -> Result<u64, TarErrorKind> {
    decimal(text).and_then(|count| u64::try_from(count).ok()).ok_or_else(invalid_map)
}

/// A map that cannot be a file's.
pub(super) const fn invalid_map() -> TarErrorKind {
    TarErrorKind::Header("the map of the sparse file is not valid")
}

/// A decimal number as Go's `strconv.ParseInt` takes it: with or without a sign.
pub(super) fn decimal(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
