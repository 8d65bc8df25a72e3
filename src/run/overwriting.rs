//! Refuses documents in the place of files that the run reads, or of each other.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::bail;

/// A file that the run reads.
#[derive(Debug)]
pub(super) struct ReadFile {
    /// Its words in messages: `the image`.
    pub(super) what: &'static str,
    /// Its path.
    pub(super) path: PathBuf,
}

/// Refuses to write a document to a file in `read`, by any name or link. Devices and pipes are not replaced, so they may be both.
pub(super) fn refuse_read_files(document: &Path, read: &[ReadFile]) -> anyhow::Result<()> {
    match read.iter().find(|read| is_same_file(document, &read.path) || is_part_of_layout(document, &read.path)) {
        Some(read) => bail!(
            "{}: the document would replace {}, which this run reads; choose another file",
            document.display(),
            read.what
        ),
        None => Ok(()),
    }
}

/// Refuses to write two documents to one file.
pub(super) fn refuse_one_file(json: &Path, summary: &Path) -> anyhow::Result<()> {
    if is_one_file(json, summary) {
        bail!(
            "{}: --json and --summary cannot write the same file; choose another file for one of them",
            summary.display()
        );
    }
    Ok(())
}

/// True if two paths are of one file, which need not exist yet.
pub(super) fn is_one_file(one: &Path, other: &Path) -> bool {
    let is_new = !one.exists() && !other.exists();
    is_same_file(one, other) || (is_new && entry(one).is_some_and(|one| Some(one) == entry(other)))
}

/// True for an existing file of the layout in the directory `read`: its documents and its blobs. Another file there may be an earlier
/// report.
fn is_part_of_layout(document: &Path, read: &Path) -> bool {
    const DOCUMENTS: [&str; 6] = ["index.json", "oci-layout", "manifest.json", "repositories", "version", "blobs"];
    let (Ok(document), Ok(read)) = (document.canonicalize(), read.canonicalize()) else { return false };
    let Ok(inside) = document.strip_prefix(read) else { return false };
    let first = inside.iter().next().map(OsStr::to_string_lossy).unwrap_or_default();
    // skopeo's `dir:` has blobs under their digests.
    let is_digest = first.len() == 64 && first.bytes().all(|byte| byte.is_ascii_hexdigit());
    document.is_file() && (is_digest || DOCUMENTS.contains(&&*first))
}

/// True for an existing regular file under two names.
fn is_same_file(one: &Path, other: &Path) -> bool {
    let (Ok(file), Ok(known)) = (fs::metadata(one), fs::metadata(other)) else { return false };
    file.is_file() && known.is_file() && are_same(one, &file, other, &known)
}

#[cfg(unix)]
fn are_same(_: &Path, file: &fs::Metadata, _: &Path, known: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino()) == (known.dev(), known.ino())
}

#[cfg(not(unix))]
fn are_same(one: &Path, _: &fs::Metadata, other: &Path, _: &fs::Metadata) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The path of a file that need not exist, without links to its directory.
fn entry(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?))
}
