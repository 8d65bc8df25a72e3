//! How a command ended.

/// How a command that did its work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing failed.
    Passed,
    /// The image broke a rule.
    RuleFailed,
    /// `dive build`: there is no image, for the builder ended with this exit code.
    BuildFailed(u8),
}
