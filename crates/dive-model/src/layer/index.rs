//! Index of a layer in its image.

use std::fmt;

/// Index of a layer in its image, from 0 for the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerIndex(u16);

impl LayerIndex {
    /// The base layer.
    pub const BASE: Self = Self(0);
    /// Maximum number of layers of an image. Docker stops at 127.
    pub const MAX_COUNT: usize = u16::MAX as usize;

    /// The layer at `index`; `None` from [`Self::MAX_COUNT`] on.
    #[must_use]
    pub fn new(index: usize) -> Option<Self> {
        if index < Self::MAX_COUNT { u16::try_from(index).ok().map(Self) } else { None }
    }

    /// A layer of a tree, whose layers all went through [`LayerIndex::new`].
    pub(crate) const fn from_merged(index: u16) -> Self {
        Self(index)
    }

    /// The index as `usize`.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for LayerIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
