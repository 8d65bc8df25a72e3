//! Advice on an opened image.

use crate::advice::{Advice, KindSet};
use crate::layer::content::ContentPolicy;
use crate::opener::{Opened, Opener};

impl Opener<'_> {
    /// Sets whether to inspect contents, for the kinds of advice that paths do not show. Tables of contents are then not used.
    #[must_use]
    pub const fn inspection(mut self, inspection: ContentPolicy) -> Self {
        self.contents.inspection = inspection;
        self
    }
}

impl Opened {
    /// What to write instead: findings of these kinds.
    #[must_use]
    pub fn advice(&self, kinds: KindSet) -> Advice {
        Advice::of(&self.image, &self.tree, &self.analysis.exact, &self.unpacked_bytes, kinds)
    }
}
