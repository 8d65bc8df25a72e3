//! The numbers: [`classic`], dive's own, which `.dive-ci` thresholds are written for; and [`exact`], what is really
//! reclaimable, and why.

pub mod classic;
pub mod exact;

pub use classic::Classic;
pub use exact::Exact;

/// Both sets of numbers of one image.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// dive's numbers.
    pub classic: Classic,
    /// What is really reclaimable.
    pub exact: Exact,
}
