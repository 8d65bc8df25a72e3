//! Sizes of the format.

/// Size of a tar block in bytes. A header is one block; bodies are padded to whole blocks.
pub const BLOCK: u64 = 512;

/// Maximum size of an extension header (GNU long name, PAX records), in bytes: the limit of Go's `archive/tar`.
pub const MAX_EXTENSION: u64 = 1 << 20;
