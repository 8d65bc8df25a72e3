//! Points from which a layer with a table of contents (eStargz, zstd:chunked) can be decoded: the offset of a gzip
//! member or zstd frame, and an offset in its unpacked bytes.

/// A point to start decoding at. Fits into [`super::Body::at`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::layer) struct SeekPoint {
    stored_at: u64,
    inner: u64,
}

/// Enough for layers of 1 TiB, and for 16 MiB in a member before the file.
const STORED_BITS: u32 = 40;
const INNER_BITS: u32 = 24;

impl SeekPoint {
    /// The point `inner` bytes into the unpacked member or frame at `stored_at`; `None` if it does not fit.
    pub(in crate::layer) const fn new(stored_at: u64, inner: u64) -> Option<Self> {
        if stored_at >> STORED_BITS == 0 && inner >> INNER_BITS == 0 { Some(Self { stored_at, inner }) } else { None }
    }

    /// Encodes the point as [`super::Body::at`].
    pub(in crate::layer) const fn as_body(self) -> u64 {
        self.inner << STORED_BITS | self.stored_at
    }

    /// Decodes [`super::Body::at`].
    pub(super) const fn of_body(at: u64) -> Self {
        Self { stored_at: at & ((1 << STORED_BITS) - 1), inner: at >> STORED_BITS }
    }

    /// Offset of the member or frame in the stored layer, in bytes.
    pub(super) const fn stored_at(self) -> u64 {
        self.stored_at
    }

    /// Bytes to skip in the unpacked member or frame.
    pub(super) const fn inner(self) -> u64 {
        self.inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_survives_encoding_or_is_rejected() {
        for (stored_at, inner) in [(0, 0), (1, 512), ((1 << 40) - 1, (1 << 24) - 1)] {
            let place = SeekPoint::new(stored_at, inner).unwrap();
            assert_eq!(SeekPoint::of_body(place.as_body()), place);
            assert_eq!((place.stored_at(), place.inner()), (stored_at, inner));
        }
        assert_eq!(SeekPoint::new(1 << 40, 0), None);
        assert_eq!(SeekPoint::new(0, 1 << 24), None);
    }
}
