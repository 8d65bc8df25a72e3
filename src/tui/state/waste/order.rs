//! The sort order of the waste view.

/// The sort order of the groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WasteOrder {
    /// Largest first.
    Size,
    /// By path.
    Path,
    /// By cause, the one with most bytes first; then largest first.
    Cause,
    /// By the layer that contains the bytes, then by the layer that hides them, then largest first.
    Layer,
}

impl WasteOrder {
    /// All orders, in the sequence that the key cycles through.
    pub const ALL: [Self; 4] = [Self::Size, Self::Cause, Self::Layer, Self::Path];

    /// Name in the title.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Path => "path",
            Self::Cause => "cause",
            Self::Layer => "layer",
        }
    }

    pub(super) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|order| *order == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}
