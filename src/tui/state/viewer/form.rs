//! The two forms of the viewer: text and hex.

/// How the viewer shows bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines of text.
    Text,
    /// Hex digits and ASCII.
    Hex,
}
