//! What one tar header says of one path. Entries are kept by the hundred thousand, so names lie in one buffer beside
//! some thousands of them, and what few entries have (devices, attributes) lies aside.

use std::num::NonZeroU32;

use super::content::ContentHash;
use crate::tarfile::PathKind;
use serde::{Deserialize, Serialize};

/// What an entry is to the file system it is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// It puts something at its path.
    Path(PathKind),
    /// It says something of what the layers below put there.
    Marker(MarkerKind),
}

/// What an entry says of the layers below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MarkerKind {
    /// `.wh.NAME`: removes the path it is stored under (`NAME`, not the marker's own name) from the layers below.
    Whiteout,
    /// `.wh..wh..opq`: empties the directory it is stored under of what the layers below put there.
    Opaque,
    /// Any other `.wh..wh.*`: bookkeeping of AUFS, stored under the directory it stands in; not part of the image.
    Bookkeeping,
}

/// The file type bits of a mode, as `lstat` gives them (POSIX `sys/stat.h`).
pub mod file_type {
    /// The bits that hold the type.
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

/// The type bits that `lstat` gives for what an entry puts at its path. A hard link's are those of a regular file: headers
/// do not say what it leads to.
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

/// A run of bytes in a text buffer: a path or a link target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Text {
    /// Where it starts.
    pub at: u32,
    /// How long it is.
    pub len: u32,
}

impl Text {
    /// The bytes in `buffer`, which must be the one the text was put into.
    #[must_use]
    pub fn of(self, buffer: &[u8]) -> &[u8] {
        let at = self.at as usize;
        buffer.get(at..at + self.len as usize).unwrap_or_default()
    }
}

/// What few entries have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Extra {
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// XXH3 over the extended attributes, names and values; 0 without any.
    pub xattrs: u64,
    /// Bytes that a sparse file has in the layer.
    pub stored: u64,
}

/// One entry of a layer. 56 bytes; the [`Chunk`] that it stands in knows its names.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// File type and permission bits, as `lstat` gives them; of a hard link those of a regular file.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// The size that the header gives, in bytes; of a sparse file with its holes. Not only files carry one.
    pub size: u64,
    /// Where the body stands in the uncompressed layer, in bytes.
    pub body: u64,
    /// Of a file's body, in layers that are read through; none where bodies are passed over.
    pub hash: Option<ContentHash>,
    /// Which of [`super::Scan::extras`], counted from 1.
    pub extra: Option<NonZeroU32>,
    /// Where its chunk has its names.
    pub(super) place: Place,
}

/// Where a [`Chunk`] has the names of an entry. No path and no link target is too long for 16 bits: see
/// [`super::error::MAX_PATH`].
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// Where the text has its name, and behind that its link target.
    at: u32,
    name_len: u16,
    link_len: u16,
    /// Which of the directories.
    directory: u16,
}

/// The names that an entry comes with.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The directory of the path that it speaks of: components between single slashes, none of them `.` or `..`, no
    /// slash at either end; empty for the root.
    pub directory: &'a [u8],
    /// The last component of that path; empty where it speaks of the directory itself.
    pub name: &'a [u8],
    /// The link target as written, which headers that are no links may have as well; empty without one.
    pub link: &'a [u8],
}

impl Names<'_> {
    /// Bytes of the path and the link target, as a listing would write them.
    pub(super) const fn text_len(&self) -> usize {
        self.directory.len() + 1 + self.name.len() + self.link.len()
    }

    /// Directory and name in one.
    #[must_use]
    pub fn path(&self) -> Vec<u8> {
        let slash: &[u8] = if self.directory.is_empty() || self.name.is_empty() { b"" } else { b"/" };
        [self.directory, slash, self.name].concat()
    }
}

/// Some entries with their names. An entry mostly stands in the directory of the one before: directories are kept once
/// for as long as they stay the same.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Chunk {
    entries: Vec<Entry>,
    directories: Vec<Text>,
    text: Vec<u8>,
}

// What [`Place`] counts in 16 bits.
const _: () = assert!(super::error::MAX_PATH <= u16::MAX as usize);
const _: () = assert!(Chunk::CAPACITY <= u16::MAX as usize);

impl Chunk {
    /// The most entries it takes, and so the most directories. Chunks are freed one by one while a tree grows from them, and none of them stands half
    /// empty, as one long list would after its last doubling.
    pub(super) const CAPACITY: usize = 4096;

    /// The text with which it is full, too: a buffer that doubles must not double what a layer of long names takes.
    const TEXT_CAPACITY: usize = 1 << 20;

    /// Whether it takes no more entries.
    pub(super) const fn is_full(&self) -> bool {
        self.entries.len() >= Self::CAPACITY || self.text.len() >= Self::TEXT_CAPACITY
    }

    /// Adds an entry, for which there must be room, under its names. Gives back how many bytes of text that took.
    pub(super) fn push(&mut self, entry: Entry, names: Names<'_>) -> usize {
        let before = self.text.len();
        let is_same = self.directories.last().is_some_and(|last| last.of(&self.text) == names.directory);
        if !is_same {
            self.directories.push(Text { at: before as u32, len: names.directory.len() as u32 });
            self.text.extend_from_slice(names.directory);
        }
        let place = Place {
            at: self.text.len() as u32,
            name_len: names.name.len() as u16,
            link_len: names.link.len() as u16,
            directory: (self.directories.len() - 1) as u16,
        };
        self.entries.push(Entry { place, ..entry });
        self.text.extend_from_slice(names.name);
        self.text.extend_from_slice(names.link);
        self.text.len() - before
    }

    /// What it takes in memory, in bytes.
    pub(crate) const fn memory(&self) -> usize {
        self.text.len() + self.entries.len() * size_of::<Entry>()
    }

    /// The last entry.
    pub(super) fn last_mut(&mut self) -> Option<&mut Entry> {
        self.entries.last_mut()
    }

    /// The entries in the order of the tar.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The names of one of its entries.
    #[must_use]
    pub fn names(&self, entry: &Entry) -> Names<'_> {
        let Place { at, name_len, link_len, directory } = entry.place;
        let name = Text { at, len: name_len.into() };
        let link = Text { at: at + u32::from(name_len), len: link_len.into() };
        let directory = self.directories.get(usize::from(directory)).copied().unwrap_or_default();
        Names { directory: directory.of(&self.text), name: name.of(&self.text), link: link.of(&self.text) }
    }

    /// Whether what an entry says of its names lies inside the text.
    pub(super) fn holds_names_of(&self, entry: &Entry) -> bool {
        let Place { at, name_len, link_len, directory } = entry.place;
        let inside = |at: u32, len: u32| u64::from(at) + u64::from(len) <= self.text.len() as u64;
        let directory = self.directories.get(usize::from(directory));
        directory.is_some_and(|directory| inside(directory.at, directory.len))
            && inside(at, u32::from(name_len) + u32::from(link_len))
    }
}
