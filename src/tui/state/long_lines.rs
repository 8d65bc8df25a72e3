//! Truncation or wrapping of long lines.

/// Display of lines that are wider than their pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongLines {
    /// Truncated.
    Cut,
    /// Wrapped to further rows.
    Wrapped,
}

impl LongLines {
    /// The other value.
    #[must_use]
    pub const fn toggled(self) -> Self {
        match self {
            Self::Cut => Self::Wrapped,
            Self::Wrapped => Self::Cut,
        }
    }
}
