//! The screen: state, action, update, view. A key event becomes an action through the keymap of the focused pane; `update`
//! is the only place that changes state; `view` only reads.
//!
//! ```text
//! terminal   taken and given back, whatever happens
//! event      what the loop waits for
//! run        the loop
//! thread     threads whose panic ends the screen
//! worker     what takes time, on threads of its own
//! keymap     keys to actions, actions to hints
//! decoder    bytes of a terminal to events
//! tty        the thread that reads them
//! layout     where things stand
//! input      terminal events to messages
//! state      all that is shown
//! content    what stands in the panes, as lines
//! update     a message changes the state and asks for effects
//! view       the state becomes cells
//! ```

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
pub(crate) mod text;
mod theme;
mod thread;
#[cfg(unix)]
mod tty;
pub mod update;
pub mod view;
pub mod worker;

pub use event::{AnyError, Feed};
pub use run::{ScreenError, run};
pub use terminal::Keyboard;
