//! Computes the numbers of an image: [`classic`] gives dive's, for which `.dive-ci` thresholds are written; [`exact`]
//! gives the reclaimable bytes and their causes.

pub mod classic;
mod directories;
pub mod exact;
mod groups;
mod parts;
mod places;
mod stack;

pub use classic::Classic;
pub(crate) use directories::{DirectorySums, Removals};
pub use exact::Exact;
pub use groups::WasteGroup;
pub use parts::{Part, Sizes};
pub use places::VisiblePlace;

use crate::tree::Tree;

/// Both sets of numbers of one image.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// dive's numbers.
    pub classic: Classic,
    /// Reclaimable bytes.
    pub exact: Exact,
}

impl Analysis {
    /// Computes both sets of numbers.
    #[must_use]
    pub fn of(tree: &Tree) -> Self {
        let (classic, exact) = rayon::join(|| Classic::of(tree), || Exact::of(tree));
        Self { classic, exact }
    }
}
