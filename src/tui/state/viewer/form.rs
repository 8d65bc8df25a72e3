//! Text or numbers: the two forms of a page, which decide what fetching and searching count.

/// How bytes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As lines of text.
    Text,
    /// As numbers and ASCII.
    Hex,
}
