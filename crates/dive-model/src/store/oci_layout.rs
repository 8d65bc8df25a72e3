//! A layout directory on disk, as written by `skopeo copy ... oci:DIR`, or an unpacked archive.
//!
//! Documents may be hostile, so every path is checked twice: as text, and again after the file system has resolved its
//! links.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::error::{LinkProblem, StoreError};
use super::file_stamp::FileStamp;
use super::member_path::normalise;
use crate::blob::Blob;

/// Where symbolic links in a layout directory may point: the flag `--follow-links`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Links {
    /// Only to files of the layout. Otherwise a hostile directory could make dive read any local file as a layer, or
    /// quote it as a document.
    #[default]
    Inside,
    /// To any regular file: Bazel's layouts are links to its cache.
    Anywhere,
}

/// Documents that mark a directory as an image. One suffices.
pub const MARKERS: [&str; 4] = ["oci-layout", "index.json", "manifest.json", "repositories"];

/// True if a directory has one of [`MARKERS`], readable or not.
///
/// # Errors
/// Permissions hide whether it has one.
pub fn holds_image(directory: &Path) -> io::Result<bool> {
    let mut hidden = None;
    for marker in MARKERS {
        match directory.join(marker).metadata() {
            Ok(found) if found.is_file() => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => hidden = Some(error),
            _ => {}
        }
    }
    hidden.map_or(Ok(false), Err)
}

/// A layout directory.
#[derive(Debug)]
pub(super) struct OciLayout {
    name: String,
    /// Absolute path with resolved links.
    root: PathBuf,
    links: Links,
    /// Open files by resolved path. A layer that an image lists several times is one blob with one file descriptor.
    opened: Mutex<HashMap<PathBuf, (Weak<File>, FileStamp)>>,
}

impl OciLayout {
    pub(super) fn open_directory(name: &str, path: &Path, links: Links) -> Result<Self, StoreError> {
        let root = path.canonicalize().map_err(|cause| {
            if cause.kind() == io::ErrorKind::NotFound {
                StoreError::NoSuchFile { path: path.to_owned() }
            } else {
                StoreError::Unreadable { what: name.to_owned(), cause }
            }
        })?;
        // Check now: later, an inaccessible document would count as missing.
        let unreadable = |cause| StoreError::Unreadable { what: name.to_owned(), cause };
        holds_image(&root).map_err(unreadable)?;
        Ok(Self { name: name.to_owned(), root, links, opened: Mutex::default() })
    }

    pub(super) fn open(&self, member: &str) -> Result<Blob, StoreError> {
        let outside = || StoreError::Outside { archive: self.name.clone(), member: member.to_owned() };
        let unreadable = |cause| StoreError::Unreadable { what: format!("{}/{member}", self.name), cause };
        let name = normalise("", member).map_err(|_| outside())?;
        if let Some((link, target, problem)) = self.broken_link(&name) {
            return Err(StoreError::BrokenLink { directory: self.name.clone(), link, target, problem });
        }
        let path = match self.root.join(&name).canonicalize() {
            Ok(path) => path,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(StoreError::Missing { archive: self.name.clone(), member: member.to_owned() });
            }
            Err(error) => return Err(unreadable(error)),
        };
        if self.links == Links::Inside && !path.starts_with(&self.root) {
            return Err(StoreError::LinkedOutside { directory: self.name.clone(), member: member.to_owned() });
        }
        // Check before opening: opening a named pipe would block.
        if !path.metadata().map_err(unreadable)?.is_file() {
            return Err(StoreError::NotAFile { archive: self.name.clone(), member: member.to_owned() });
        }
        let file = self.open_once(path).map_err(unreadable)?;
        let len = file.metadata().map_err(unreadable)?.len();
        Ok(Blob::new(file, 0, len, name))
    }

    fn open_once(&self, path: PathBuf) -> io::Result<Arc<File>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = opened.get(&path).and_then(|(file, _)| file.upgrade()) {
            return Ok(file);
        }
        let file = Arc::new(File::open(&path)?);
        let stamp = FileStamp::of(&path, &file)?;
        // Keep the stamp of the first opening, even if the file was closed since.
        opened
            .entry(path)
            .and_modify(|known| known.0 = Arc::downgrade(&file))
            .or_insert((Arc::downgrade(&file), stamp));
        Ok(file)
    }

    /// Fails if a file changed since it was opened.
    pub(super) fn check_unchanged(&self) -> Result<(), StoreError> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.values().try_for_each(|(_, stamp)| stamp.check())
    }

    /// True if `member` is a file, or a broken link, which `open` reports.
    pub(super) fn contains(&self, member: &str) -> bool {
        normalise("", member).is_ok_and(|name| {
            let is_file = self.root.join(&name).metadata().is_ok_and(|found| !found.is_dir());
            is_file || self.broken_link(&name).is_some()
        })
    }

    /// The first broken link in the path of `name`, with its target.
    fn broken_link(&self, name: &str) -> Option<(String, PathBuf, LinkProblem)> {
        let ends = name.match_indices('/').map(|(slash, _)| slash).chain([name.len()]);
        let links = ends.filter_map(|end| Some((&name[..end], self.root.join(&name[..end]).read_link().ok()?)));
        links.into_iter().find_map(|(link, target)| {
            let problem = match self.root.join(link).metadata() {
                Ok(found) if link.len() == name.len() && !found.is_file() => LinkProblem::NotAFile,
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    LinkProblem::Missing
                }
                Err(error) if is_loop(&error) => LinkProblem::Loop,
                _ => return None,
            };
            Some((link.to_owned(), target, problem))
        })
    }
}

#[cfg(unix)]
fn is_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
fn is_loop(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_layout_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        let layout = folder.path().join("layout");
        std::fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
        std::fs::write(layout.join("blobs/sha256/aa"), "blob").unwrap();
        std::fs::write(folder.path().join("secret"), "secret").unwrap();
        let layout = OciLayout::open_directory("layout", &layout, Links::Inside).unwrap();
        assert_eq!(layout.open("blobs/sha256/aa").unwrap().read_document(9).unwrap(), b"blob");
        assert!(layout.contains("blobs/sha256/aa") && !layout.contains("blobs/sha256/bb"));
        assert!(matches!(layout.open("blobs/sha256/bb"), Err(StoreError::Missing { .. })));
        assert!(matches!(layout.open("../secret"), Err(StoreError::Outside { .. })));
        assert!(matches!(layout.open("blobs"), Err(StoreError::NotAFile { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_layout_are_refused() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let layout = folder.path().join("layout");
        std::fs::create_dir(&layout).unwrap();
        std::fs::write(layout.join("real"), "real").unwrap();
        std::fs::write(folder.path().join("secret"), "secret").unwrap();
        symlink("real", layout.join("inside")).unwrap();
        symlink("../secret", layout.join("outside")).unwrap();
        let layout = OciLayout::open_directory("layout", &layout, Links::Inside).unwrap();
        assert_eq!(layout.open("inside").unwrap().read_document(9).unwrap(), b"real");
        assert!(matches!(layout.open("outside"), Err(StoreError::LinkedOutside { .. })));
    }
}
