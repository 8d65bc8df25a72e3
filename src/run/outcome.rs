//! The outcome of a command.

/// The outcome of a command without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing failed.
    Passed,
    /// The image broke a rule.
    RuleFailed,
    /// Of several images, one could not be read. The reason has been printed.
    ImageUnread,
    /// `dive build`: the builder failed with this exit code.
    BuildFailed(u8),
}
