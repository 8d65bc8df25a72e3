//! The sort order of the advice tab.

/// The sort order of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AdviceOrder {
    /// Those of the image's own layers first, then by bytes, as the report has them.
    #[default]
    Size,
    /// By the name of the kind, then as for [`Self::Size`].
    Kind,
    /// By the layer that stores the files, then by the layer that hides them. Findings without a layer are last.
    Layer,
    /// By the path of the largest directory. Findings without a path are last.
    Path,
}

impl AdviceOrder {
    /// All orders, in the sequence that the key cycles through.
    pub const ALL: [Self; 4] = [Self::Size, Self::Kind, Self::Layer, Self::Path];

    /// Name in the title.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Kind => "kind",
            Self::Layer => "layer",
            Self::Path => "path",
        }
    }

    pub(super) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|order| *order == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}
