//! The file tree pane, as drawings of the screen.

mod cursor;
mod filtering;
mod measure;
mod pane;
mod random;
mod showing;
