//! Cursor motions, shared by lists, texts, the file tree and the viewer.

use crate::config::Action;

/// A motion of the cursor or, in a view without cursor, of the viewport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// To the left. In the file tree, to the parent directory.
    Left,
    /// To the right. In the file tree, into the directory under the cursor, which is expanded.
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
    /// The motion of an action. `None` for other actions.
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
