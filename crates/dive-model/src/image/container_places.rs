//! Paths of a configuration: where containers keep their data, and where they start.

/// Paths that a configuration names, as it has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerPlaces {
    /// Directories that volumes may hide.
    pub volumes: Vec<String>,
    /// Where containers start; empty for the root directory.
    pub working_directory: String,
    /// Variables, `NAME=VALUE`.
    pub environment: Vec<String>,
}
