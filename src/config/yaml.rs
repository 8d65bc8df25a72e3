//! A node of a YAML file. It is a file of its own so that values and tables, which read nodes, do not depend on files and their
//! errors.

/// A value in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Yaml {
    /// Nothing: `key:`, `~`, `null`.
    Empty,
    /// A text, number or truth value, as text.
    Scalar(String),
    /// A sequence.
    List(Vec<Yaml>),
    /// A mapping, in the order of the file. No key occurs twice.
    Map(Vec<(String, Yaml)>),
}
