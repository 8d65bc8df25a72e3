//! The settings of the user and their origins: `.dive.yaml`, the rules file `.dive-ci`, and the variables `DIVE_*`.
//!
//! ```text
//! environment    variables other than DIVE_*
//! discovery      which files are read, and which of them are trusted
//! yaml, document   a YAML file as a tree of text, with lines
//! origin, limit, value   values, their origins and their parsers
//! date, path_glob, item_list, path_rule, ignore   rules about paths, and exceptions from rules
//! registries     hosts and mirrors as values
//! table          one row per key: names, field, trust
//! output_path    output paths that an untrusted file may set
//! layering, variables   apply files and variables, by a table
//! rule, rule_terms, rule_limits   the table of rules, and their settings
//! image_rules    rules for some images
//! rules_file     .dive-ci
//! action         the table of actions
//! keybinding     conflicts between keys
//! keys           the names of keys
//! file           the table of .dive.yaml
//! render         the output of `dive config`
//! problem        errors and warnings
//! ```

mod action;
mod advice_limit;
mod date;
mod discovery;
mod document;
mod environment;
mod file;
mod ignore;
mod image_rules;
mod item_list;
mod key_lines;
mod keybinding;
mod keys;
mod layering;
mod limit;
mod links;
mod merge;
mod origin;
mod output_path;
mod path_glob;
mod path_rule;
mod problem;
mod registries;
mod render;
mod rule;
mod rule_limits;
mod rule_terms;
mod rules_file;
mod spelling;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod value;
mod variables;
mod yaml;

pub use action::{Action, Bound, Context, Task};
pub use advice_limit::AdviceLimit;
pub use date::Date;
pub use discovery::{Discovery, SearchResult, SearchedPlace};
pub use document::TextFile;
pub(crate) use document::{Document, Tags, read_text};
pub use environment::{CiVariable, forbids_colour};
pub use file::{Config, Diff, FileTree, Layer, Log, Registries};
pub use ignore::{Ignore, Ignored, WasteClass};
pub use image_rules::{ImageNames, ImageRules};
pub use keybinding::Keybinding;
pub use keys::{Binding, Key, KeyPress, Modifiers};
pub use limit::{Ban, Fails, Limit};
pub use links::{Link, is_inside, link_of};
pub use origin::{ConfigScope, Origin, Setting};
pub use output_path::is_below_folder;
pub use path_glob::{GlobPart, GlobSense, MatchedKinds, PathGlob};
pub use path_rule::{PathDemand, PathReach, PathRule};
pub use problem::{BadLimit, ConfigError, Mistake, Mistakes, Warning};
pub use render::{render, render_beside_rules, render_registry_files};
pub use rule::{Rule, RuleNeeds, RuleRow};
pub use rule_limits::RuleLimits;
pub use rule_terms::{LayerChoice, RuleLevel, RuleTerms};
pub use rules_file::RulesFile;
pub(crate) use value::without_nul;
pub use value::{DiffType, LogLevel, ThemeName, start_of_reason};
pub(crate) use yaml::Yaml;
