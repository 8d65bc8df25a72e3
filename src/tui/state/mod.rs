//! What the screen shows, as plain values that know no terminal.

pub mod files;
