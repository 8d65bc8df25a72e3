//! Cursor movements, shared by lists, texts, the file tree and the viewer.

use crate::config::Action;

/// A step of the cursor or, where there is none, of what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// To the left: in the tree, to the directory above.
    Left,
    /// To the right: in the tree, to the first row in the directory under the cursor, which is expanded for that.
    Right,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

impl Motion {
    /// The movement that an action stands for, if any.
    #[must_use]
    pub const fn of(action: Action) -> Option<Self> {
        Some(match action {
            Action::Up => Self::Up,
            Action::Down => Self::Down,
            Action::Left => Self::Left,
            Action::Right => Self::Right,
            Action::PageUp => Self::PageUp,
            Action::PageDown => Self::PageDown,
            Action::FirstRow => Self::First,
            Action::LastRow => Self::Last,
            _ => return None,
        })
    }
}
