//! A file of the machine's engines, and what dive takes from it.

use std::path::PathBuf;

/// A file or folder with settings for registries that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFile {
    /// The file, the folder, or the name of a variable.
    pub path: PathBuf,
    /// What dive uses of it: `docker.io from mirror.example`. Empty if nothing.
    pub settings: Vec<String>,
    /// The parts that dive cannot use, with the reason. A file that cannot be read has one.
    pub problems: Vec<String>,
}
