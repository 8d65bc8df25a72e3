//! What is really reclaimable: the bytes of every inode that no name of the final file system shows, and what hid it.

/// Why an inode's bytes are not in the final file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// A later entry put other bytes at the same path.
    Overwritten,
    /// A later entry put the same bytes at the same path: `chmod`, `chown`, `touch`.
    MetadataOnly,
    /// A whiteout removed the path itself.
    Deleted,
    /// A whiteout removed a directory above it.
    DeletedWithDirectory,
    /// An opaque marker emptied a directory above it.
    HiddenByOpaque,
    /// Something that is not a regular file took its place, or the place of a directory above it.
    Replaced,
}

impl Cause {
    /// All causes, in the order reports show them.
    pub const ALL: [Self; 6] = [
        Self::Overwritten,
        Self::MetadataOnly,
        Self::Deleted,
        Self::DeletedWithDirectory,
        Self::HiddenByOpaque,
        Self::Replaced,
    ];

    /// The cause as reports name it: `metadata-only`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overwritten => "overwritten",
            Self::MetadataOnly => "metadata-only",
            Self::Deleted => "deleted",
            Self::DeletedWithDirectory => "deleted-with-directory",
            Self::HiddenByOpaque => "hidden-by-opaque",
            Self::Replaced => "replaced",
        }
    }
}

/// An inode none of whose names is in the final file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReclaimableFile {
    /// The path that was hidden last, with a leading slash.
    pub path: Vec<u8>,
    /// The inode's bytes.
    pub size_bytes: u64,
    /// The layer that holds the bytes, from 0.
    pub layer: u32,
    /// The layer that hid its last name, from 0.
    pub hidden_by: u32,
    /// How.
    pub cause: Cause,
}

/// The exact numbers of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exact {
    /// Bytes of all regular files of all layers, each inode once.
    pub total_bytes: u64,
    /// Bytes of the inodes that the final file system shows.
    pub visible_bytes: u64,
    /// Every inode with bytes that it does not show: largest first, equal sizes by path, then by layer.
    pub files: Vec<ReclaimableFile>,
}

impl Exact {
    /// Bytes that a rebuilt image would not have to carry: total less visible, and the sum over [`Exact::files`].
    #[must_use]
    pub const fn reclaimable_bytes(&self) -> u64 {
        self.total_bytes - self.visible_bytes
    }

    /// Visible bytes over total bytes, 0 to 1; 1 when there are none.
    #[must_use]
    pub fn efficiency(&self) -> f64 {
        if self.total_bytes == 0 { 1.0 } else { self.visible_bytes as f64 / self.total_bytes as f64 }
    }

    /// Bytes reclaimable for `cause`. Over all causes they add up to [`Exact::reclaimable_bytes`].
    #[must_use]
    pub fn bytes_by(&self, cause: Cause) -> u64 {
        self.files.iter().filter(|file| file.cause == cause).map(|file| file.size_bytes).sum()
    }
}
