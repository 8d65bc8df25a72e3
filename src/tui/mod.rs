//! The screen: state, action, update, view. A key event becomes an action through the keymap of the focused pane; `update`
//! is the only place that changes state; `view` only reads.

pub mod keymap;
pub mod state;
mod view;
