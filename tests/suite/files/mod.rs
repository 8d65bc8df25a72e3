//! The file tree pane, as drawings of what a user sees.

mod cursor;
mod filtering;
mod measure;
mod pane;
mod random;
mod showing;
