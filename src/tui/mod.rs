//! The interactive screen. A key event becomes an action through the keymap of the focused pane; `update` is the only
//! code that changes state; `view` only reads it.
//!
//! ```text
//! background the query for the terminal's background
//! terminal   sets up the terminal, and restores it in all cases
//! event      events of the event loop
//! run        the event loop
//! thread     threads whose panic ends the screen
//! worker     jobs on worker threads
//! keymap     keys to actions, actions to hints
//! decoder    terminal input to events
//! tty        threads that read and decode terminal input
//! layout     areas of panes and overlays
//! input      terminal events to messages
//! state      everything the screen shows
//! content    lines of text in panes and overlays
//! update     applies a message to the state, returns effects
//! view       draws the state
//! ```

mod background;
mod content;
#[cfg(unix)]
mod decoder;
pub mod event;
pub mod input;
pub mod keymap;
mod layout;
mod run;
pub mod state;
mod terminal;
#[cfg(feature = "testing")]
pub mod testing;
pub(crate) mod text;
mod theme;
mod thread;
#[cfg(unix)]
mod tty;
pub mod update;
pub mod view;
pub mod worker;

pub use event::{AnyError, Feed, ListEvent, ListFeed, RowProgress};
pub use run::{OpenRequest, ScreenError, run, run_list};
pub use terminal::Keyboard;
