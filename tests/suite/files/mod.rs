//! The file tree pane, as drawings of what a user sees.

mod measure;
