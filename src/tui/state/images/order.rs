//! The sort order of the list of images.

/// What the list is sorted by. Each but the first is a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImageOrder {
    /// The order in which the command line names the images.
    #[default]
    Named,
    /// The name.
    Name,
    /// Stored bytes.
    Stored,
    /// Unpacked bytes.
    Unpacked,
    /// Bytes in layers that no other image has.
    Own,
    /// Bytes in layers that another image has.
    Shared,
    /// Reclaimable bytes.
    Reclaimable,
    /// The share of the bytes that the image shows.
    Kept,
    /// Whether the image kept its rules.
    Rules,
}

/// The direction of a sort order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortDirection {
    /// The smallest first, or the first name.
    #[default]
    Ascending,
    /// The largest first.
    Descending,
}

impl ImageOrder {
    /// All orders, in the sequence that the key cycles through.
    pub const ALL: [Self; 9] = [
        Self::Named,
        Self::Name,
        Self::Stored,
        Self::Unpacked,
        Self::Own,
        Self::Shared,
        Self::Reclaimable,
        Self::Kept,
        Self::Rules,
    ];

    /// Name in the title.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Named => "order named",
            Self::Name => "name",
            Self::Stored => "stored bytes",
            Self::Unpacked => "unpacked bytes",
            Self::Own => "own bytes",
            Self::Shared => "shared bytes",
            Self::Reclaimable => "reclaimable bytes",
            Self::Kept => "share kept",
            Self::Rules => "rules",
        }
    }

    /// Its first direction, which shows the images to look at first.
    #[must_use]
    pub const fn direction(self) -> SortDirection {
        match self {
            Self::Named | Self::Name | Self::Kept | Self::Rules => SortDirection::Ascending,
            Self::Stored | Self::Unpacked | Self::Own | Self::Shared | Self::Reclaimable => SortDirection::Descending,
        }
    }

    pub(super) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|order| *order == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

impl SortDirection {
    /// The other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }

    /// The mark beside the title of a column.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Ascending => "▲",
            Self::Descending => "▼",
        }
    }
}
