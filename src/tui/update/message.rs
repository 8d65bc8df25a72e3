//! What comes into `update` and what goes out of it.

use crate::config::{Action, KeyPress};
use crate::tui::event::WorkerEvent;
use crate::tui::state::Focus;
use crate::tui::worker::{Job, JobId};

/// What happened, in terms of the state.
#[derive(Debug)]
pub enum UpdateMessage {
    /// An action was asked for.
    Act(Action),
    /// A key of a text line.
    Press(KeyPress),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// The wheel was turned so many rows down.
    Scroll(HitTarget, isize),
    /// Something was clicked.
    Click(Click),
    /// The border between layers and tree was pressed.
    GrabDivider,
    /// It is drawn to a column.
    MoveDivider(u16),
    /// It was let go.
    DropDivider,
    /// A worker has something to say.
    Worker(WorkerEvent),
    /// A job could not begin, and why.
    NotStarted(String),
}

/// What was clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Click {
    /// A pane as such.
    Pane(HitTarget),
    /// One of the rows that are seen, counted from the first of them.
    Row(HitTarget, usize),
    /// The names of the columns, at this column.
    Header(HitTarget, u16),
}

/// What is to happen outside of the state.
#[derive(Debug)]
pub enum Effect {
    /// The program ends.
    Quit,
    /// The program goes to the background.
    Suspend,
    /// A text goes to the clipboard.
    Copy(String),
    /// A worker begins.
    Start(Box<Job>),
    /// What a worker does is not wanted any more.
    Cancel(JobId),
}

/// A pane, or the overlay over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitTarget {
    /// A pane.
    Pane(Focus),
    /// The overlay on top.
    Overlay,
}
