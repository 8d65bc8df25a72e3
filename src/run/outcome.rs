//! The outcome of a command.

/// The outcome of a command without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing failed.
    Passed,
    /// The image broke a rule.
    RuleFailed,
    /// `dive build`: the builder failed with this exit code.
    BuildFailed(u8),
}
