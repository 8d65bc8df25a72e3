//! What becomes of lines that are wider than their pane.

/// What becomes of lines that are wider than their pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongLines {
    /// They are cut.
    Cut,
    /// They go on in the next row.
    Wrapped,
}

impl LongLines {
    /// The other way.
    #[must_use]
    pub const fn toggled(self) -> Self {
        match self {
            Self::Cut => Self::Wrapped,
            Self::Wrapped => Self::Cut,
        }
    }
}
