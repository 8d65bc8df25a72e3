//! A node of a YAML file. It has its own module so that values and tables do not depend on files and their errors.

/// A value in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Yaml {
    /// Nothing: `key:`, `~`, `null`.
    Empty,
    /// A text, number or boolean, as text.
    Scalar(String),
    /// A sequence.
    List(Vec<Yaml>),
    /// A mapping, in the order of the file. No key occurs twice.
    Map(Vec<(String, Yaml)>),
}
