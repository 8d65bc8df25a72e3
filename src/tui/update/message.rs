//! Inputs and outputs of `update`.

use crate::config::{Action, KeyPress};
use crate::tui::background::Background;
use crate::tui::event::WorkerEvent;
use crate::tui::state::Focus;
use crate::tui::state::images::ListedId;
use crate::tui::worker::{Job, JobId};
use dive_model::image::Selection;

/// An input of `update`.
#[derive(Debug)]
pub enum UpdateMessage {
    /// A key was pressed that is bound to an action.
    Act(Action),
    /// A key was pressed in a prompt.
    Press(KeyPress),
    /// Text was pasted.
    Paste(String),
    /// The terminal was resized to this width and height.
    Resize(u16, u16),
    /// The mouse wheel was turned by this many rows, up if negative.
    Scroll(HitTarget, isize),
    /// The mouse was clicked.
    Click(Click),
    /// The border between layers and file tree was pressed.
    GrabDivider,
    /// The border was dragged to a column.
    MoveDivider(u16),
    /// The border was released.
    DropDivider,
    /// A worker sent a report.
    Worker(WorkerEvent),
    /// The terminal reported its background.
    Background(Background),
    /// Another image of the file could not be opened, with the reason.
    NotReopened(String),
    /// An image of the list could not be opened, with the reason.
    NotOpened(String),
    /// A job could not be started, with the reason.
    NotStarted(String),
}

/// The target of a click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Click {
    /// The pane itself.
    Pane(HitTarget),
    /// A list row, counted from the first visible one.
    Row(HitTarget, usize),
    /// The column header, at this column.
    Header(HitTarget, u16),
}

/// An output of `update`: work outside of the state.
#[derive(Debug)]
pub enum Effect {
    /// Quit the program.
    Quit,
    /// Suspend the program to the background.
    Suspend,
    /// Send a text to the clipboard.
    Copy(String),
    /// Open an image of the list.
    Open(ListedId),
    /// Close the image: late reports on it are dropped.
    CloseImage,
    /// Open another image of the file, or another platform.
    Reopen(Selection),
    /// Start a job.
    Start(Box<Job>),
    /// Cancel a job.
    Cancel(JobId),
}

/// The target of the mouse pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitTarget {
    /// A pane.
    Pane(Focus),
    /// The list of images.
    Images,
    /// The overlay on top.
    Overlay,
}
