//! What can go wrong before an image is even looked at. Every message says what, where, and what to do; names from
//! archives are printed with their control characters escaped.

use std::io;
use std::path::{Path, PathBuf};

use crate::budget::OverBudget;
use crate::compression::Compression;
use crate::remark::{FirstFew, Quoted};
use crate::shell::shell_path;
use crate::tarfile::TarError;

/// A store that cannot be opened, or a member of it that cannot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The path does not exist.
    #[error(
        "{}: no such file or directory; give the path of a saved image (`docker save NAME -o FILE`) or a layout directory",
        path.display()
    )]
    NoSuchFile {
        /// The path as the user gave it.
        path: PathBuf,
    },
    /// The operating system refuses.
    #[error("{what} cannot be read: {cause}")]
    Unreadable {
        /// A path, or `standard input`.
        what: String,
        /// What the system says.
        cause: io::Error,
    },
    /// The file has changed since it was opened.
    #[error("{what} changed while it was read; open it again when nothing writes to it")]
    Changed {
        /// A path.
        what: String,
    },
    /// An engine or a registry holds the store and does not return the bytes.
    #[error(transparent)]
    Elsewhere(Box<dyn std::error::Error + Send + Sync>),
    /// There are no bytes at all.
    #[error("{archive}: the file is empty; was the command that wrote it (`docker save`) successful?")]
    Empty {
        /// The archive.
        archive: String,
    },
    /// The bytes are something else.
    #[error(
        "{archive}: not an image archive: it is {found}; \
         expected the tar that `docker save`, `podman save` or `skopeo copy` writes, plain or compressed"
    )]
    NotAnArchive {
        /// The archive.
        archive: String,
        /// What it is instead.
        found: &'static str,
    },
    /// The outer tar is damaged or cut.
    #[error("{archive}: {cause}; the copy may be incomplete: save or download the image again")]
    Damaged {
        /// The archive.
        archive: String,
        /// What is wrong, with the entry and the offset.
        cause: TarError,
    },
    /// The archive's own compression is damaged or cut.
    #[error(
        "{archive}: {compression} data near byte {offset} cannot be unpacked: {cause}; \
         if the copy is incomplete, save or download the image again"
    )]
    Decompress {
        /// The archive.
        archive: String,
        /// What it is compressed with.
        compression: Compression,
        /// Bytes of the compressed file used up when it failed.
        offset: u64,
        /// What the decoder says.
        cause: io::Error,
    },
    /// The archive unpacks to more than it may.
    #[error("{archive}: {problem}")]
    OverBudget {
        /// The archive.
        archive: String,
        /// The limit.
        problem: OverBudget,
    },
    /// There are more member names than can be an image.
    #[error(
        "{archive}: more than {limit} bytes of member names, which no image archive has; \
         is it the image's file system (`docker export`) instead of the image (`docker save`)?"
    )]
    TooManyMembers {
        /// The archive.
        archive: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// Several folders of an archive hold an image.
    #[error(
        "{archive}: holds several folders with an image: {}; unpack it (`tar xf`) and open one of them: `dive {}`",
        listed(folders),
        shell_path(&Path::new(".").join(folders.first().map_or("", String::as_str)))
    )]
    SeveralFolders {
        /// The archive.
        archive: String,
        /// The folders.
        folders: Vec<String>,
    },
    /// No image in the folders that were looked into, and there are more.
    #[error(
        "{archive}: no image in the first {read} folders, and {unread} more were not searched; unpack it and give the \
         folder of the image"
    )]
    TooManyFolders {
        /// The archive.
        archive: String,
        /// Folders whose documents were read.
        read: usize,
        /// Folders whose documents were not.
        unread: usize,
    },
    /// The temporary copy cannot be written.
    #[error(
        "{archive}: cannot be copied to a temporary file in {} after {written} bytes: {cause}; \
         set TMPDIR to a folder with enough space",
        folder.display()
    )]
    Spool {
        /// What was being copied.
        archive: String,
        /// Where to.
        folder: PathBuf,
        /// Bytes written so far.
        written: u64,
        /// What the system says.
        cause: io::Error,
    },
    /// Nothing of that name.
    #[error("{archive} holds no {}", Quoted(member))]
    Missing {
        /// The source.
        archive: String,
        /// The name that was asked for.
        member: String,
    },
    /// A link whose end is not there.
    #[error("{archive}: {} is a link to {}, which the archive does not hold", Quoted(member), Quoted(target))]
    DanglingLink {
        /// The source.
        archive: String,
        /// The name that was asked for.
        member: String,
        /// The name at the end of its links.
        target: String,
    },
    /// Links that go round, or on for too long.
    #[error("{archive}: {} leads through more than {limit} links, from {} on", Quoted(member), Quoted(link))]
    LinkLoop {
        /// The source.
        archive: String,
        /// The name that was asked for.
        member: String,
        /// The first of the links: the name, or a folder above it.
        link: String,
        /// How many links are followed.
        limit: usize,
    },
    /// A name or a link that leads out of the source.
    #[error("{archive}: the link {} leads out of the archive; save the image again", Quoted(member))]
    Outside {
        /// The source.
        archive: String,
        /// The name or link.
        member: String,
    },
    /// A link of a layout directory that leads out of it.
    #[error(
        "{directory}: {} is a link to a file outside of the directory; if you trust the directory, add \
         --follow-links, or copy the files: `cp -rL {} COPY`",
        Quoted(member),
        shell_path(Path::new(directory))
    )]
    LinkedOutside {
        /// The directory.
        directory: String,
        /// The name of the link.
        member: String,
    },
    /// A link of a layout directory that leads to no file.
    #[error(
        "{directory}: {} links to {} ({problem}); copy the image again, with the files that its links lead to",
        Quoted(link),
        Quoted(target.to_string_lossy())
    )]
    BrokenLink {
        /// The directory.
        directory: String,
        /// The name of the link.
        link: String,
        /// Where it leads.
        target: PathBuf,
        /// Why that is no file.
        problem: LinkProblem,
    },
    /// A directory, a device, a sparse file where a plain file is needed.
    #[error("{archive}: {} is not a regular file", Quoted(member))]
    NotAFile {
        /// The source.
        archive: String,
        /// The name that was asked for.
        member: String,
    },
}

impl StoreError {
    /// Whether it says that something is absent, rather than that it is damaged or unreadable.
    #[must_use]
    pub const fn is_absence(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

/// Why a link leads to no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkProblem {
    /// Nothing has that name.
    #[error("missing")]
    Missing,
    /// It leads to itself, at once or over others.
    #[error("a loop of links")]
    Loop,
    /// A device, a pipe, a directory.
    #[error("not a regular file")]
    NotAFile,
}

fn listed(folders: &[String]) -> String {
    let quoted: Vec<Quoted<&String>> = folders.iter().map(Quoted).collect();
    FirstFew { items: &quoted, separator: ", " }.to_string()
}
