//! Entries: tar headers in compact form.
//!
//! An image has hundreds of thousands of entries. A [`Chunk`] keeps the names of up to 4096 of them in one buffer; rare
//! attributes (devices, extended attributes) are in a list of [`Extra`]s.

use std::num::NonZeroU32;

use super::content::ContentHash;
use crate::tarfile::PathKind;
use serde::{Deserialize, Serialize};

/// Effect of an entry on the file system below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// Creates or replaces its path.
    Path(PathKind),
    /// Removes paths of lower layers.
    Marker(MarkerKind),
}

/// Kind of a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MarkerKind {
    /// `.wh.NAME`: removes the path from lower layers. The entry is stored under `NAME`.
    Whiteout,
    /// `.wh..wh..opq`: hides the content that lower layers put into the directory. The entry is stored under the
    /// directory.
    Opaque,
    /// Any other `.wh..wh.*`: AUFS bookkeeping, not part of the image. The entry is stored under its directory.
    Bookkeeping,
}

/// File type bits of a mode, as `lstat` returns them (POSIX `sys/stat.h`).
pub mod file_type {
    /// Mask of the type.
    pub const MASK: u16 = 0o170_000;
    /// Named pipe.
    pub const FIFO: u16 = 0o010_000;
    /// Character device.
    pub const CHAR_DEVICE: u16 = 0o020_000;
    /// Directory.
    pub const DIRECTORY: u16 = 0o040_000;
    /// Block device.
    pub const BLOCK_DEVICE: u16 = 0o060_000;
    /// Regular file.
    pub const FILE: u16 = 0o100_000;
    /// Symbolic link.
    pub const SYMLINK: u16 = 0o120_000;
}

/// File type bits of an entry. A hard link gets those of a regular file: its header does not give the type of the target.
pub(super) const fn type_bits(kind: PathKind) -> u16 {
    match kind {
        PathKind::File | PathKind::SparseFile | PathKind::HardLink => file_type::FILE,
        PathKind::Symlink => file_type::SYMLINK,
        PathKind::CharDevice => file_type::CHAR_DEVICE,
        PathKind::BlockDevice => file_type::BLOCK_DEVICE,
        PathKind::Directory => file_type::DIRECTORY,
        PathKind::Fifo => file_type::FIFO,
    }
}

/// A range of bytes in a text buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TextRange {
    /// Start, in bytes.
    pub at: u32,
    /// Length, in bytes.
    pub len: u32,
}

impl TextRange {
    /// The bytes in `buffer`; empty if out of range.
    #[must_use]
    pub fn of(self, buffer: &[u8]) -> &[u8] {
        let at = self.at as usize;
        buffer.get(at..at + self.len as usize).unwrap_or_default()
    }
}

/// Attributes that few entries have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Extra {
    /// Major and minor device number.
    pub device: (u32, u32),
    /// XXH3 of the extended attributes, names and values; 0 if there are none.
    pub xattrs: u64,
    /// Bytes that a sparse file occupies in the layer.
    pub stored: u64,
}

/// One entry of a layer: 56 bytes. Its [`Chunk`] has the names.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Entry {
    /// Kind of the entry.
    pub kind: EntryKind,
    /// File type and permission bits, as `lstat` returns them. Those of a hard link are of a regular file.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in the header, in bytes, holes included. Entries other than files may have one, too.
    pub size: u64,
    /// Offset of the body in the uncompressed layer, in bytes.
    pub body: u64,
    /// Hash of the body; `None` if the body was skipped.
    pub hash: Option<ContentHash>,
    /// Index into [`super::Scan::extras`], from 1.
    pub extra: Option<NonZeroU32>,
    /// Position of the names in the chunk.
    pub(super) names_at: NameOffsets,
}

/// Position of an entry's names in its [`Chunk`]. Paths and link targets fit into 16 bits: see
/// [`super::error::MAX_PATH`].
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct NameOffsets {
    /// Offset of the name in the text. The link target follows it.
    at: u32,
    name_len: u16,
    link_len: u16,
    /// Index into [`Chunk::directories`].
    directory: u16,
}

/// Bytes of a text in a JSON document, at most.
fn escaped_len(text: &[u8]) -> usize {
    let is_escaped = |byte: u8| !(b' '..0x7f).contains(&byte) || byte == b'"' || byte == b'\\';
    // Most names have none. The compiler vectorizes this loop, and not `any`.
    if !text.iter().fold(false, |found, byte| found | is_escaped(*byte)) {
        return text.len();
    }
    let of_byte = |byte: &u8| match byte {
        0..=0x1f | 0x7f => 6,
        b'"' | b'\\' => 2,
        // Bytes that are not UTF-8 are U+FFFD.
        0x80.. => 3,
        _ => 1,
    };
    text.iter().map(of_byte).sum()
}

/// Directory, name and link target of an entry.
#[derive(Debug, Clone, Copy)]
pub struct EntryNames<'a> {
    /// Directory of the path: components separated by single slashes, without `.` and `..`, without a slash at either
    /// end. Empty for the root.
    pub directory: &'a [u8],
    /// Last component of the path; empty if the entry is for the directory itself.
    pub name: &'a [u8],
    /// Link target as written; empty if there is none. Headers that are not links may have one.
    pub link: &'a [u8],
}

impl EntryNames<'_> {
    /// Bytes of the path and link target in a listing, at most: a document writes a control character as `\u0001`.
    pub(super) fn text_len(&self) -> usize {
        1 + [self.directory, self.name, self.link].into_iter().map(escaped_len).sum::<usize>()
    }

    /// The full path.
    #[must_use]
    pub fn path(&self) -> Vec<u8> {
        let slash: &[u8] = if self.directory.is_empty() || self.name.is_empty() { b"" } else { b"/" };
        [self.directory, slash, self.name].concat()
    }
}

/// Up to 4096 entries with their names. Successive entries are mostly in one directory, which is then stored once.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Chunk {
    entries: Vec<Entry>,
    directories: Vec<TextRange>,
    text: Vec<u8>,
}

// [`NameOffsets`] has 16 bits for these.
const _: () = assert!(super::error::MAX_PATH <= u16::MAX as usize);
const _: () = assert!(Chunk::CAPACITY <= u16::MAX as usize);

impl Chunk {
    /// Maximum number of entries, and so of directories. A tree frees chunks one by one while it grows, and a full
    /// chunk wastes no memory, unlike one long list after its last doubling.
    pub(super) const CAPACITY: usize = 4096;

    /// Size of the text at which a chunk is full, in bytes: long names must not double the memory of a layer.
    const TEXT_CAPACITY: usize = 1 << 20;

    pub(super) const fn is_full(&self) -> bool {
        self.entries.len() >= Self::CAPACITY || self.text.len() >= Self::TEXT_CAPACITY
    }

    /// Adds an entry, and returns the bytes of text it took. The chunk must not be full.
    pub(super) fn push(&mut self, entry: Entry, names: EntryNames<'_>) -> usize {
        let before = self.text.len();
        let is_same = self.directories.last().is_some_and(|last| last.of(&self.text) == names.directory);
        if !is_same {
            self.directories.push(TextRange { at: before as u32, len: names.directory.len() as u32 });
            self.text.extend_from_slice(names.directory);
        }
        let names_at = NameOffsets {
            at: self.text.len() as u32,
            name_len: names.name.len() as u16,
            link_len: names.link.len() as u16,
            directory: (self.directories.len() - 1) as u16,
        };
        self.entries.push(Entry { names_at, ..entry });
        self.text.extend_from_slice(names.name);
        self.text.extend_from_slice(names.link);
        self.text.len() - before
    }

    /// Bytes of text that it holds.
    pub(super) const fn text_len(&self) -> usize {
        self.text.len()
    }

    /// Memory of the chunk, in bytes.
    pub(crate) const fn memory(&self) -> usize {
        self.text.len() + self.entries.len() * size_of::<Entry>()
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Entry> {
        self.entries.last_mut()
    }

    /// Entries, in the order of the tar.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Names of an entry of this chunk.
    #[must_use]
    pub fn names(&self, entry: &Entry) -> EntryNames<'_> {
        let NameOffsets { at, name_len, link_len, directory } = entry.names_at;
        let name = TextRange { at, len: name_len.into() };
        let link = TextRange { at: at + u32::from(name_len), len: link_len.into() };
        let directory = self.directories.get(usize::from(directory)).copied().unwrap_or_default();
        EntryNames { directory: directory.of(&self.text), name: name.of(&self.text), link: link.of(&self.text) }
    }

    /// True if the names of `entry` are inside the text.
    pub(super) fn holds_names_of(&self, entry: &Entry) -> bool {
        let NameOffsets { at, name_len, link_len, directory } = entry.names_at;
        let inside = |at: u32, len: u32| u64::from(at) + u64::from(len) <= self.text.len() as u64;
        let directory = self.directories.get(usize::from(directory));
        directory.is_some_and(|directory| inside(directory.at, directory.len))
            && inside(at, u32::from(name_len) + u32::from(link_len))
    }
}
