//! What the user set, and where: the configuration `.dive.yaml`, the rules file `.dive-ci`, and the variables `DIVE_*`.
//!
//! ```text
//! environment    what variables mean that are not dive's own
//! discovery      which files are read, and which of them are trusted
//! yaml, document   a YAML file as a tree of text, with lines
//! origin, limit, value   a value, where it comes from, how it is read and printed
//! table          one row a key: its names, its field, who may set it
//! output_path    where a file that is not trusted may have something written
//! layering, variables   files and variables over defaults, by a table
//! rule           the rules: one table, and a limit for each
//! rules_file     .dive-ci
//! action         the actions that can be bound: one table
//! keybinding     their keys as a whole: no key twice in one place
//! keys           what keys are called
//! file           .dive.yaml: all keys
//! render         what `dive config` prints
//! problem        errors and warnings
//! ```

mod action;
mod discovery;
mod document;
mod environment;
mod file;
mod keybinding;
mod keys;
mod layering;
mod limit;
mod origin;
mod output_path;
mod problem;
mod render;
mod rule;
mod rules_file;
mod spelling;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod value;
mod variables;
mod yaml;

pub use action::{Action, Bound, Context};
pub use discovery::{Discovery, SearchResult, SearchedPlace};
pub use environment::{CiVariable, forbids_colour};
pub use file::{Config, Diff, FileTree, Layer, Log};
pub use keybinding::Keybinding;
pub use keys::{Binding, Key, KeyPress, Modifiers};
pub use limit::{Fails, Limit};
pub use origin::{ConfigScope, Origin, Setting};
pub use output_path::is_below_folder;
pub use problem::{BadLimit, ConfigError, Warning};
pub use render::render;
pub use rule::{Rule, RuleLimits, RuleRow};
pub use rules_file::RulesFile;
pub use value::{DiffType, LogLevel, ThemeName};
