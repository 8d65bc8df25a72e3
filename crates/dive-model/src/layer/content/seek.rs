//! Where a file begins in a layer that can be entered in its middle (eStargz, zstd:chunked): in which gzip member or zstd
//! frame, and where in what that unpacks to.

/// A place to start decoding at, small enough for the one number that an entry has for its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::layer) struct SeekPlace {
    stored_at: u64,
    inner: u64,
}

/// Layers of a terabyte, and members that unpack to 16 MiB before a file begins.
const STORED_BITS: u32 = 40;
const INNER_BITS: u32 = 24;

impl SeekPlace {
    /// The place `inner` bytes into what the member or frame at `stored_at` unpacks to; none where no real layer has one.
    pub(in crate::layer) const fn new(stored_at: u64, inner: u64) -> Option<Self> {
        if stored_at >> STORED_BITS == 0 && inner >> INNER_BITS == 0 { Some(Self { stored_at, inner }) } else { None }
    }

    /// As what an entry says of where its body is.
    pub(in crate::layer) const fn as_body(self) -> u64 {
        self.inner << STORED_BITS | self.stored_at
    }

    /// The place that an entry names so.
    pub(super) const fn of_body(at: u64) -> Self {
        Self { stored_at: at & ((1 << STORED_BITS) - 1), inner: at >> STORED_BITS }
    }

    /// Where the member or frame begins in the layer as it is stored, in bytes.
    pub(super) const fn stored_at(self) -> u64 {
        self.stored_at
    }

    /// Bytes to leave out of what it unpacks to.
    pub(super) const fn inner(self) -> u64 {
        self.inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_fits_into_one_number_or_is_none() {
        for (stored_at, inner) in [(0, 0), (1, 512), ((1 << 40) - 1, (1 << 24) - 1)] {
            let place = SeekPlace::new(stored_at, inner).unwrap();
            assert_eq!(SeekPlace::of_body(place.as_body()), place);
            assert_eq!((place.stored_at(), place.inner()), (stored_at, inner));
        }
        assert_eq!(SeekPlace::new(1 << 40, 0), None);
        assert_eq!(SeekPlace::new(0, 1 << 24), None);
    }
}
