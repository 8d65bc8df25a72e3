//! The number of a layer.

use std::fmt;

/// A layer's place in its image: 0 is the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerIndex(u16);

impl LayerIndex {
    /// The base layer.
    pub const BASE: Self = Self(0);
    /// How many layers an image may have. Docker stops at 127; what is beyond this was not made by an engine.
    pub const MAX_COUNT: usize = u16::MAX as usize;

    /// The layer at `index`, if an image may have that many.
    #[must_use]
    pub fn new(index: usize) -> Option<Self> {
        if index < Self::MAX_COUNT { u16::try_from(index).ok().map(Self) } else { None }
    }

    /// The layer of that number in a tree, which only holds numbers that [`LayerIndex::new`] let in.
    pub(crate) const fn from_merged(index: u16) -> Self {
        Self(index)
    }

    /// As an index into a list of layers.
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
