//! Errors of opening a store or a member. Every message says what failed, where, and what to do, and escapes control
//! characters in names.

use std::io;
use std::path::{Path, PathBuf};

use crate::budget::OverBudget;
use crate::compression::Compression;
use crate::remark::{FirstFew, Quoted};
use crate::shell::shell_path;
use crate::tarfile::TarError;
use crate::unfinished::temporary_remedy;

/// A store or member that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The path does not exist.
    #[error(
        "{}: no such file or directory; give the path of a saved image (`docker save NAME -o FILE`) or a layout directory",
        path.display()
    )]
    NoSuchFile {
        /// The path as given.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("{what} cannot be read: {cause}")]
    Unreadable {
        /// A path, or `standard input`.
        what: String,
        /// Error of the system.
        cause: io::Error,
    },
    /// The file has changed since it was opened.
    #[error("{what} changed while it was read; open it again when nothing writes to it")]
    Changed {
        /// The path.
        what: String,
    },
    /// An engine or registry does not return the bytes.
    #[error(transparent)]
    Elsewhere(Box<dyn std::error::Error + Send + Sync>),
    /// The file is empty.
    #[error("{archive}: the file is empty; run the command that wrote it (`docker save`) again")]
    Empty {
        /// Name of the archive.
        archive: String,
    },
    /// The file is of another format.
    #[error(
        "{archive}: not an image archive: it is {found}; \
         expected the tar that `docker save`, `podman save` or `skopeo copy` writes, plain or compressed"
    )]
    NotAnArchive {
        /// Name of the archive.
        archive: String,
        /// Detected format.
        found: &'static str,
    },
    /// The outer tar is damaged or cut off.
    #[error("{archive}: {cause}; the copy may be incomplete: save or download the image again")]
    Damaged {
        /// Name of the archive.
        archive: String,
        /// Reason, with the entry and offset.
        cause: TarError,
    },
    /// The compressed archive is damaged or cut off.
    #[error(
        "{archive}: {compression} data near byte {offset} cannot be unpacked: {cause}; \
         if the copy is incomplete, save or download the image again"
    )]
    Decompress {
        /// Name of the archive.
        archive: String,
        /// Compression of the archive.
        compression: Compression,
        /// Compressed bytes consumed before the error.
        offset: u64,
        /// Error of the decoder.
        cause: io::Error,
    },
    /// The archive exceeds a limit when unpacked.
    #[error("{archive}: {problem}")]
    OverBudget {
        /// Name of the archive.
        archive: String,
        /// The exceeded limit.
        problem: OverBudget,
    },
    /// The names of members are longer than those of any image.
    #[error(
        "{archive}: the names of its members take more than {limit} bytes (dive's limit); if it is a file system \
         (`docker export`), save the image instead (`docker save`)"
    )]
    TooManyMembers {
        /// Name of the archive.
        archive: String,
        /// Limit in bytes.
        limit: usize,
    },
    /// Several folders of the archive have an image.
    #[error(
        "{archive}: contains several directories with an image: {}; unpack it (`tar xf`) and open one of them: `dive {}`",
        listed(folders),
        shell_path(&Path::new(".").join(folders.first().map_or("", String::as_str)))
    )]
    SeveralFolders {
        /// Name of the archive.
        archive: String,
        /// The folders.
        folders: Vec<String>,
    },
    /// There is no image in the inspected folders, and there are more folders.
    #[error(
        "{archive}: no image in the first {read} directories, and dive did not search {unread} more; unpack it and open \
         the directory of the image"
    )]
    TooManyFolders {
        /// Name of the archive.
        archive: String,
        /// Number of inspected folders.
        read: usize,
        /// Number of other folders.
        unread: usize,
    },
    /// The temporary copy cannot be written.
    #[error(
        "{archive}: cannot be copied to a temporary file in {} after {written} bytes: {cause}; {}",
        folder.display(),
        temporary_remedy(cause.kind())
    )]
    Spool {
        /// Name of the input.
        archive: String,
        /// Folder of the temporary file.
        folder: PathBuf,
        /// Bytes written so far.
        written: u64,
        /// Error of the system.
        cause: io::Error,
    },
    /// The member is missing.
    #[error("{archive} contains no {}", Quoted(member))]
    Missing {
        /// Name of the store.
        archive: String,
        /// The requested name.
        member: String,
    },
    /// A link points to a missing member.
    #[error("{archive}: {} is a link to {}, which the archive does not contain", Quoted(member), Quoted(target))]
    DanglingLink {
        /// Name of the store.
        archive: String,
        /// The requested name.
        member: String,
        /// The missing name.
        target: String,
    },
    /// Links form a loop or a too long chain.
    #[error(
        "{archive}: {} leads through more than {limit} links, from {} on; save the image again",
        Quoted(member),
        Quoted(link)
    )]
    LinkLoop {
        /// Name of the store.
        archive: String,
        /// The requested name.
        member: String,
        /// The first link: the name, or a folder of it.
        link: String,
        /// Maximum number of links.
        limit: usize,
    },
    /// A name or link is outside the store.
    #[error("{archive}: the link {} leads out of the archive; save the image again", Quoted(member))]
    Outside {
        /// Name of the store.
        archive: String,
        /// The name or link.
        member: String,
    },
    /// A link in a layout directory points outside it.
    #[error(
        "{directory}: {} is a link to a file outside of the directory; if you trust the directory, add \
         --follow-links, or copy the files: `cp -rL {} COPY`",
        Quoted(member),
        shell_path(Path::new(directory))
    )]
    LinkedOutside {
        /// Name of the directory.
        directory: String,
        /// Name of the link.
        member: String,
    },
    /// A link in a layout directory does not point to a file.
    #[error(
        "{directory}: {} links to {} ({problem}); copy the image again, with the targets of its links",
        Quoted(link),
        Quoted(target.to_string_lossy())
    )]
    BrokenLink {
        /// Name of the directory.
        directory: String,
        /// Name of the link.
        link: String,
        /// Target of the link.
        target: PathBuf,
        /// Reason.
        problem: LinkProblem,
    },
    /// The member is not a regular file.
    #[error("{archive}: {} is not a regular file; save the image again", Quoted(member))]
    NotAFile {
        /// Name of the store.
        archive: String,
        /// The requested name.
        member: String,
    },
}

impl StoreError {
    /// True if the member is missing, rather than damaged or unreadable.
    #[must_use]
    pub const fn is_absence(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

/// Why the target of a link is not a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkProblem {
    /// The target is missing.
    #[error("missing")]
    Missing,
    /// Links form a loop.
    #[error("a loop of links")]
    Loop,
    /// The target is a directory, device or pipe.
    #[error("not a regular file")]
    NotAFile,
}

fn listed(folders: &[String]) -> String {
    let quoted: Vec<Quoted<&String>> = folders.iter().map(Quoted).collect();
    FirstFew { items: &quoted, separator: ", " }.to_string()
}
