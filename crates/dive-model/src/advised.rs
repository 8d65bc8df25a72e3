//! Advice on an opened image.

use crate::advice::{Advice, AdviceScope, FindingState, KindSet};
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
        self.advice_on(AdviceScope { kinds, own: None, state_of: &mut |_| FindingState::Open })
    }

    /// What to write instead, in this scope.
    #[must_use]
    pub fn advice_on(&self, scope: AdviceScope<'_>) -> Advice {
        Advice::of(&self.image, &self.tree, &self.analysis.exact, &self.unpacked_bytes, scope)
    }
}
