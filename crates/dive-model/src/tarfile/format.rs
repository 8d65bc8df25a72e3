//! The numbers of the format.

/// Bytes of a tar block: a header, and what bodies are padded to.
pub const BLOCK: u64 = 512;

/// The longest extension header (GNU long name, PAX records) that is read, in bytes; the limit Go's `archive/tar` has.
pub const MAX_EXTENSION: u64 = 1 << 20;
