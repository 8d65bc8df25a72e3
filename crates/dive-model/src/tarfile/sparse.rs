//! Maps of sparse files, in the four formats of GNU tar.
//!
//! dive does not expand sparse files, but a map that Go's `archive/tar` rejects makes the whole layer unreadable for
//! engines.

use super::BLOCK;
use super::error::TarErrorKind;
use super::header::MoreMap;
use super::number::number;

/// Position of the regions in a block of the old GNU format. Each region has an offset and a length of 12 bytes. The
/// byte after the last region is not 0 if more blocks follow.
#[derive(Clone, Copy)]
pub(super) struct RegionLayout {
    at: usize,
    regions: usize,
}

/// Layout of the header.
pub(super) const OLD_GNU: RegionLayout = RegionLayout { at: 386, regions: 4 };
/// Layout of the blocks after the header.
pub(super) const OLD_GNU_MORE: RegionLayout = RegionLayout { at: 0, regions: 21 };

/// Length of a number in bytes. A region has two.
const NUMBER_LEN: usize = 12;

/// Sums and checks the data regions of a sparse file.
#[derive(Debug, Clone, Copy)]
pub(super) struct SparseMap {
    /// Size of the file with holes, in bytes.
    size: u64,
    /// End of the last region.
    end: u64,
    /// Total length of the regions.
    data: u64,
}

impl SparseMap {
    /// An empty map of a file of `size` bytes.
    pub(super) fn new(size: i64) -> Result<Self, TarErrorKind> {
        let size = u64::try_from(size).map_err(|_| TarErrorKind::Header("the size of the sparse file is negative"))?;
        Ok(Self { size, end: 0, data: 0 })
    }

    pub(super) const fn size(self) -> u64 {
        self.size
    }

    /// Adds the next region. Regions must be in order, not overlap, and be inside the file.
    pub(super) fn add(&mut self, offset: i64, len: i64) -> Result<(), TarErrorKind> {
        let (Ok(offset), Ok(len)) = (u64::try_from(offset), u64::try_from(len)) else { return Err(invalid_map()) };
        // Cannot overflow: both are below 2^63.
        let end = offset + len;
        if offset < self.end || end > self.size {
            return Err(invalid_map());
        }
        // Cannot overflow: the sum is at most `end`.
        self.data += len;
        self.end = end;
        Ok(())
    }

    /// Adds the regions of a block of the old GNU format.
    pub(super) fn add_old_gnu(
        &mut self,
        block: &[u8; BLOCK as usize],
        layout: RegionLayout,
    ) -> Result<MoreMap, TarErrorKind> {
        let RegionLayout { at, regions } = layout;
        let end = at + regions * 2 * NUMBER_LEN;
        for region in block[at..end].chunks_exact(2 * NUMBER_LEN) {
            if region[0] == 0 {
                break;
            }
            let (offset, len) = region.split_at(NUMBER_LEN);
            self.add(number(offset).ok_or_else(invalid_map)?, number(len).ok_or_else(invalid_map)?)?;
        }
        Ok(if block[end] == 0 { MoreMap::None } else { MoreMap::Follows })
    }

    /// Adds regions given as pairs of decimal numbers.
    pub(super) fn add_decimal<'a>(&mut self, mut numbers: impl Iterator<Item = &'a [u8]>) -> Result<(), TarErrorKind> {
        while let Some(offset) = numbers.next() {
            let len = numbers.next().ok_or_else(invalid_map)?;
            self.add(decimal(offset).ok_or_else(invalid_map)?, decimal(len).ok_or_else(invalid_map)?)?;
        }
        Ok(())
    }

    /// Checks that the total length of the regions equals the `stored` bytes.
    pub(super) fn check_stored(self, stored: u64) -> Result<(), TarErrorKind> {
        if self.data == stored {
            return Ok(());
        }
        Err(TarErrorKind::Header("the map of the sparse file does not fit its data"))
    }
}

/// Parses the number of regions.
pub(super) fn region_count(text: &[u8]) -> Result<u64, TarErrorKind> {
    decimal(text).and_then(|count| u64::try_from(count).ok()).ok_or_else(invalid_map)
}

/// The error for an invalid map.
pub(super) const fn invalid_map() -> TarErrorKind {
    TarErrorKind::Header("the map of the sparse file is not valid")
}

/// Parses a decimal number with an optional sign, like Go's `strconv.ParseInt`.
pub(super) fn decimal(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
